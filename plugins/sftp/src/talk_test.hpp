// A client of a conversation, without SSH, for tests.
#pragma once

#include "conversation.hpp"

#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <fstream>

namespace sftp {

constexpr const char *test_server = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";

struct Answer {
  Outcome outcome;
  Type type = Type::status;
  std::uint32_t id = 0;
  Status status = Status::ok; // of a STATUS
  std::string text;           // of a STATUS, HANDLE or DATA
};

class Talk {
public:
  explicit Talk(std::set<std::string> permissions = {"*"}, bool read_only = false)
      : host(fake.raw()), conversation(host, Login{"user", test_server, "198.51.100.4:50122", std::move(permissions)},
                                       read_only, growths, open_files) {
    fake.addServer(test_server);
    conversation.handle(std::string_view("\1\0\0\0\3", 5), Effort::quick);
  }

  // One request; with full effort when the quick one does not do.
  template <typename F> Answer ask(Type type, F &&fill) {
    std::string packet;
    Writer writer(packet, type);
    writer.number(++id);
    fill(writer);
    writer.end();
    return give(std::string_view(packet).substr(4));
  }
  Answer give(std::string_view packet) {
    Answer out{conversation.handle(packet, Effort::quick), Type::status, 0, Status::ok, ""};
    if (out.outcome.step == Step::longer) {
      went_to_pool = true;
      out.outcome = conversation.handle(packet, Effort::full);
    }
    if (out.outcome.reply.size() < 9) return out;
    Reader in(std::string_view(out.outcome.reply).substr(4));
    out.type = Type{*in.byte()};
    out.id = *in.number();
    if (out.type == Type::status) out.status = Status{*in.number()};
    if (out.type == Type::status || out.type == Type::handle || out.type == Type::data) out.text = *in.text();
    return out;
  }
  Answer path(Type type, const std::string &path) {
    return ask(type, [&](Writer &w) { w.text(path).number(0); });
  }
  Answer open(const std::string &path, std::uint32_t flags) {
    return ask(Type::open, [&](Writer &w) { w.text(path).number(flags).number(0); });
  }
  Answer write(const std::string &handle, std::uint64_t offset, const std::string &data) {
    return ask(Type::write, [&](Writer &w) { w.text(handle).longNumber(offset).text(data); });
  }
  Answer read(const std::string &handle, std::uint64_t offset, std::uint32_t length) {
    return ask(Type::read, [&](Writer &w) { w.text(handle).longNumber(offset).number(length); });
  }
  Answer close(const std::string &handle) {
    return ask(Type::close, [&](Writer &w) { w.text(handle); });
  }
  std::filesystem::path at(const std::string &name) { return fake.serverFolder(test_server) / name; }
  void put(const std::string &name, const std::string &data) {
    std::filesystem::create_directories(at(name).parent_path());
    std::ofstream(at(name)) << data;
  }
  std::string content(const std::string &name) {
    std::ifstream file(at(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  pinion::testing::FakeHost fake;
  pinion::Host host;
  Growths growths;
  OpenFiles open_files{512, 300};
  Conversation conversation;
  std::uint32_t id = 100;
  bool went_to_pool = false;
};

} // namespace sftp
