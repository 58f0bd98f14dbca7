// Downloads from other hosts into a server's folder (contract files.md 6): which are under way, and one of them.
#pragma once

#include <pinion/cpp/fetch.hpp>
#include <pinion/cpp/files.hpp>
#include <pinion/cpp/signal.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <string>

namespace pinion::files {

// One download. Made and ended on the lane; run() is for the pool.
struct Pull {
  std::string id, server;
  std::string url, folder, file_name;
  bool use_header = false;
  uint32_t max_redirects = 0;
  FetchCancel cancel;
  bool running = false;                          // counted among the running ones of its server
  std::atomic<std::int64_t> done = 0, total = 0; // bytes

  // Downloads it: blocks until the file is there, and gives its path. Until then nobody sees any of it. [pool]
  Result<std::string> run(const Host &host, const Files &files);
};

// All on the lane.
class Pulls {
public:
  static constexpr std::size_t kMostOfServer = 3;

  explicit Pulls(Host host) : host_(std::move(host)) {}
  // Takes it among those under way, with an id of its own; false when the server has its three.
  bool begin(const std::shared_ptr<Pull> &pull);
  // Waits until fewer than three of the server run, which may be more than are under way: one that is cancelled may
  // still wait for the resolver. False when the pull was cancelled first; true begins what end() ends.
  Task<bool> turn(std::shared_ptr<Pull> pull);
  void end(const std::shared_ptr<Pull> &pull);
  // Unknown ones, and those of other servers, are passed over.
  void cancel(const std::string &server, const std::string &id);
  void cancelAll(const std::string &server);
  void stop();
  // {"downloads":[{"Identifier","Progress"}]}, null for none.
  std::string list(const std::string &server) const;

private:
  Host host_;
  std::map<std::string, std::shared_ptr<Pull>> under_way_; // by id
  std::map<std::string, std::size_t> running_;             // by server
  Signal changed_;                                         // one ended or was cancelled
};

// A random UUID.
std::string newIdentifier();

} // namespace pinion::files
