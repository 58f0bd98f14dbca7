// Asks the Panel who may log in.
#pragma once

#include "login.hpp"

#include <pinion/cpp/plugin.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace sftp {

struct Question {
  bool key = false;
  std::string user, secret; // the password, or the key's line
  std::string address;      // with the port
  std::string client;       // the version it told
};

struct Verdict {
  std::optional<Login> login;
  std::string reason; // why not
};

// "name.1a2b3c4d": a name, a dot, and a server's short id, in any case.
bool namesServer(const std::string &user);

class Gate {
public:
  explicit Gate(const pinion::Host &host) : host_(host) {}
  // [any] `told` runs on the lane, exactly once, unless the plugin stops first.
  void ask(Question question, std::function<void(Verdict)> told);

private:
  pinion::Task<void> work(Question question, std::function<void(Verdict)> told);
  static Verdict read(const std::string &answer, const Question &question);

  const pinion::Host host_;
  std::map<std::string, std::int64_t> refused_keys_; // [lane] user and key, until when (steady ms)
};

} // namespace sftp
