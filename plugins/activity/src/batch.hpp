// What one request to the Panel holds, chosen from the stored entries. [pool]
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <string>
#include <vector>

namespace activity {

using pinion::Host;
using pinion::Json;
using pinion::Result;

// Below these the store holds the entries, each under a number of its own: "<prefix><16 digits>".
constexpr const char *kPlain = "p/", *kSftp = "s/";

struct Batch {
  std::string body;              // {"data":[...]}
  std::vector<std::string> keys; // the stored entries in it, oldest first; none: there is nothing to send
  bool more = false;             // entries are left that did not fit
};

constexpr std::size_t kMostRows = 10'000;                // stored entries of one batch: they go in one transaction
constexpr std::size_t kMostBody = std::size_t{1} << 20u; // bytes; one entry fits always

// The oldest entries that are not of SFTP, as they are, at most `count`.
Result<Batch> chooseEntries(const Host &host, std::size_t count);

// The entries of SFTP, joined by user, server, address, event and minute to at most `count`.
Result<Batch> chooseJoined(const Host &host, std::size_t count);

} // namespace activity
