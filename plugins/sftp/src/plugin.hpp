// The SFTP server of the node.
#pragma once

#include "service.hpp"
#include "shard.hpp"

#include <array>
#include <memory>

namespace sftp {

class Sftp {
public:
  explicit Sftp(const pinion::Host &host) : host_(host) {}
  Result<void> start();
  void stop();

private:
  Result<void> openSpool();
  Result<void> subscribe();
  void place(Caller caller); // on the first shard's thread
  void end(const std::string &user, const std::vector<std::string> &servers, const char *why);

  const pinion::Host host_;
  std::unique_ptr<Service> service_;
  std::array<std::unique_ptr<Shard>, 2> shards_; // the second thread begins when there is work for it
  std::vector<pinion::Handle> subscriptions_;
};

} // namespace sftp
