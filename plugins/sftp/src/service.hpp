// What the threads of the SFTP server share. Lives longer than they.
#pragma once

#include "conversation.hpp"
#include "doorman.hpp"
#include "gate.hpp"
#include "pool.hpp"
#include "recorder.hpp"
#include "settings.hpp"

#include <atomic>
#include <string>

namespace sftp {

struct Service {
  Service(const pinion::Host &h, Settings s, std::string key)
      : host(h), settings(std::move(s)), host_key(std::move(key)), doorman(settings), gate(h), recorder(h), pool(h) {}
  const pinion::Host host;
  const Settings settings;
  const std::string host_key; // text of the key file
  Doorman doorman;
  Gate gate;
  Recorder recorder;
  Pool pool;
  Growths growths;
  OpenFiles open_files{Conversation::max_handles};
  std::atomic<std::uint64_t> next_connection{16}; // below are the loops' own descriptors
};

} // namespace sftp
