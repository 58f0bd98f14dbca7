// How many may come in: connections of the node, of one address, not logged in yet, and of one user. Thread-safe.
#pragma once

#include "settings.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace sftp {

class Doorman {
public:
  explicit Doorman(const Settings &settings) : settings_(settings) {}
  // `address` without a port. Who is let in is told to leave() once.
  bool enter(const std::string &address);
  // The connection is logged in. False: the user has too many sessions, and nothing changed.
  bool login(const std::string &address, const std::string &user);
  // `user` is empty for who did not log in.
  void leave(const std::string &address, const std::string &user);
  std::size_t inside() const;
  // Whether a failure of this address is to be logged: once a minute each.
  bool tellOf(const std::string &address, std::chrono::steady_clock::time_point now);

private:
  struct Counts {
    std::size_t all = 0, logging_in = 0;
  };
  const Settings settings_;
  mutable std::mutex mutex_;
  Counts total_;
  std::map<std::string, Counts> addresses_;
  std::map<std::string, std::size_t> users_;
  std::map<std::string, std::chrono::steady_clock::time_point> told_;
};

} // namespace sftp
