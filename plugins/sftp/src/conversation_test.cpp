#include "talk_test.hpp"

using namespace sftp;

namespace {

constexpr std::uint32_t put_flags = open_write | open_create | open_truncate;

std::vector<std::string> namesIn(const std::string &reply) {
  Reader in(std::string_view(reply).substr(4));
  if (Type{*in.byte()} != Type::name || !in.number()) return {};
  std::vector<std::string> out;
  const auto count = *in.number();
  for (std::uint32_t i = 0; i < count; ++i) {
    out.emplace_back(*in.text());
    if (!in.text() || !in.attributes()) return {};
  }
  return out;
}

} // namespace

TEST_CASE("a path is cleaned and never leads above the root") {
  CHECK(cleanPath("") == "/");
  CHECK(cleanPath(".") == "/");
  CHECK(cleanPath("//a/./b//") == "/a/b");
  CHECK(cleanPath("/a/../b") == "/b");
  CHECK(cleanPath("../../etc/passwd") == "/etc/passwd");
  CHECK(cleanPath("/..") == "/");
}

TEST_CASE("a session begins with the client's greeting, and with nothing else") {
  pinion::testing::FakeHost fake;
  Growths growths;
  const pinion::Host host(fake.raw());
  OpenFiles open_files(1, 1);
  Conversation one(host, {}, false, growths, open_files), other(host, {}, false, growths, open_files);
  CHECK(one.handle(std::string_view("\1\0\0\0\3", 5), Effort::quick).reply.at(4) == static_cast<char>(Type::version));
  CHECK(other.handle(std::string_view("\x11\0\0\0\1\0\0\0\0", 9), Effort::quick).step == Step::broken);
}

TEST_CASE("every request that ends too early is malformed, and changes nothing") {
  struct Shape {
    Type type;
    std::string body;
  };
  const auto body = [](auto fill) {
    std::string packet;
    Writer writer(packet, Type::init);
    fill(writer);
    writer.end();
    return packet.substr(5);
  };
  Talk talk;
  talk.put("file", "x");
  const std::string handle = talk.open("/file", open_read | open_write).text;
  const Attributes mode{attribute_mode, 0, 0, 0, 0600, 0, 0};
  const std::vector<Shape> shapes = {
      {Type::open, body([](Writer &w) { w.text("/new").number(put_flags).number(attribute_mode).number(0644); })},
      {Type::close, body([&](Writer &w) { w.text(handle); })},
      {Type::read, body([&](Writer &w) { w.text(handle).longNumber(0).number(1); })},
      {Type::write, body([&](Writer &w) { w.text(handle).longNumber(0).text("y"); })},
      {Type::stat, body([](Writer &w) { w.text("/file"); })},
      {Type::lstat, body([](Writer &w) { w.text("/file"); })},
      {Type::fstat, body([&](Writer &w) { w.text(handle); })},
      {Type::setstat, body([&](Writer &w) { w.text("/file").attributes(mode); })},
      {Type::fsetstat, body([&](Writer &w) { w.text(handle).attributes(mode); })},
      {Type::opendir, body([](Writer &w) { w.text("/"); })},
      {Type::readdir, body([&](Writer &w) { w.text(handle); })},
      {Type::remove, body([](Writer &w) { w.text("/file"); })},
      {Type::mkdir, body([](Writer &w) { w.text("/made").number(0); })},
      {Type::rmdir, body([](Writer &w) { w.text("/file"); })},
      {Type::realpath, body([](Writer &w) { w.text("/"); })},
      {Type::rename, body([](Writer &w) { w.text("/file").text("/other"); })},
      {Type::symlink, body([](Writer &w) { w.text("file").text("/link"); })},
      {Type::extended, body([](Writer &w) { w.text("posix-rename@openssh.com").text("/file").text("/other"); })},
  };
  for (const auto &shape : shapes) {
    for (std::size_t length = 0; length < shape.body.size(); ++length) {
      std::string packet(1, static_cast<char>(shape.type));
      packet += std::string("\0\0\0\x09", 4) + shape.body.substr(0, length);
      const Answer answer = talk.give(packet);
      INFO("type " << static_cast<int>(shape.type) << " cut to " << length);
      CHECK(answer.outcome.step == Step::done);
      CHECK(answer.id == 9);
      CHECK(answer.type == Type::status);
      CHECK(answer.status == Status::bad_message);
      CHECK_FALSE(answer.outcome.record);
    }
  }
  CHECK(talk.content("file") == "x");
  CHECK_FALSE(std::filesystem::exists(talk.at("made")));
  CHECK(talk.close(handle).status == Status::ok);
}

TEST_CASE("a packet without an id ends the session") {
  Talk talk;
  CHECK(talk.give("").outcome.step == Step::broken);
  CHECK(talk.give(std::string_view("\x11\0\0", 3)).outcome.step == Step::broken);
}

TEST_CASE("what is not offered is refused, and the session goes on") {
  Talk talk;
  CHECK(talk.path(Type::readlink, "/x").status == Status::unsupported);
  CHECK(talk.ask(Type::extended, [](Writer &w) { w.text("statvfs@openssh.com").text("/"); }).status ==
        Status::unsupported);
  CHECK(talk.ask(Type{77}, [](Writer &) {}).status == Status::unsupported);
  CHECK(talk.path(Type::realpath, "/a/..").type == Type::name);
}

TEST_CASE("a file is written, read and closed; what was done is to be recorded, and close waits for that") {
  Talk talk;
  const Answer opened = talk.open("/d/new", put_flags);
  REQUIRE(opened.type == Type::handle);
  REQUIRE(opened.outcome.record);
  CHECK(opened.outcome.record->event == "server:sftp.create");
  CHECK(opened.outcome.record->metadata == Json{{"files", {"/d/new"}}});
  CHECK_FALSE(opened.outcome.wait_for);
  CHECK(talk.write(opened.text, 5, "world").status == Status::ok);
  CHECK(talk.write(opened.text, 0, "hello").status == Status::ok);
  CHECK(talk.read(opened.text, 0, 5).status == Status::failure); // not opened for reading
  const Answer closed = talk.close(opened.text);
  CHECK(closed.status == Status::ok);
  CHECK(closed.outcome.wait_for == opened.outcome.record);
  CHECK(talk.content("d/new") == "helloworld");

  const Answer again = talk.open("/d/new", open_read);
  CHECK_FALSE(again.outcome.record);
  CHECK(talk.read(again.text, 3, 4).text == "lowo");
  CHECK(talk.read(again.text, 9, 100).text == "d");
  CHECK(talk.read(again.text, 10, 1).status == Status::eof);
  CHECK(talk.read(again.text, ~0ull, 1).status == Status::eof);
  CHECK(talk.write(again.text, 0, "x").status == Status::failure);
  CHECK_FALSE(talk.close(again.text).outcome.wait_for);
  CHECK(talk.close(again.text).status == Status::failure);
}

TEST_CASE("a read gives all that was asked for, also when only the first of it is in memory") {
  constexpr std::size_t half = 32 * 1024;
  Talk talk;
  talk.put("file", std::string(4 * half, 'x'));
  const std::string handle = talk.open("/file", open_read).text;
  for (int turn = 0; turn < 20; ++turn) {
    const Fd file(::open(talk.at("file").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::fsync(file.get()) == 0);
    REQUIRE(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED) == 0);
    REQUIRE(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_RANDOM) == 0); // nothing is read ahead
    std::string first(half, '\0');
    REQUIRE(::pread(file.get(), first.data(), half, 0) == static_cast<ssize_t>(half));
    CHECK(talk.read(handle, 0, 2 * half).text.size() == 2 * half);
  }
}

TEST_CASE("the end of a file that is in memory is read without the pool") {
  Talk talk;
  talk.put("file", "hello");
  const std::string handle = talk.open("/file", open_read).text;
  talk.went_to_pool = false;
  CHECK(talk.read(handle, 0, 32 * 1024).text == "hello");
  CHECK(talk.read(handle, 5, 32 * 1024).status == Status::eof);
  CHECK_FALSE(talk.went_to_pool);
}

TEST_CASE("opening cuts a file only when it is told to; appending goes to its end") {
  Talk talk;
  talk.put("file", "hello ");
  const Answer resumed = talk.open("/file", open_write | open_create);
  CHECK(resumed.outcome.record->event == "server:sftp.write");
  CHECK(talk.write(resumed.text, 0, "J").status == Status::ok);
  const Answer appended = talk.open("/file", open_write | open_append);
  CHECK(talk.write(appended.text, 0, "world").status == Status::ok);
  CHECK(talk.content("file") == "Jello world");
  talk.open("/file", put_flags);
  CHECK(talk.content("file").empty());
  CHECK(talk.open("/file", open_write | open_create | open_exclusive).status == Status::failure);
  CHECK(talk.open("/absent", open_write).status == Status::no_such_file);
}

TEST_CASE("beyond the disk limit nothing is made, and what is there is not cut off") {
  Talk talk;
  talk.put("file", std::string(20, 'x'));
  talk.fake.limitDisk(test_server, 10);
  for (const char *path : {"/file", "/new"})
    for (const std::uint32_t flags : {put_flags, open_write | open_truncate}) {
      INFO(path << " " << flags);
      const bool absent = flags != put_flags && path == std::string("/new");
      const Answer answer = talk.open(path, flags);
      CHECK(answer.status == (absent ? Status::no_such_file : Status::failure));
      CHECK(answer.text == (absent ? "no such file" : "Quota Exceeded"));
      CHECK_FALSE(answer.outcome.record);
    }
  CHECK(talk.content("file") == std::string(20, 'x'));
  CHECK_FALSE(std::filesystem::exists(talk.at("new")));
  CHECK(talk.write(talk.open("/file", open_write).text, 0, "y").status == Status::ok); // needs no room
}

TEST_CASE("each operation needs its permission") {
  const auto status = [](std::set<std::string> permissions, auto act) {
    Talk talk(std::move(permissions));
    talk.put("file", "x");
    talk.put("d/inner", "x");
    return act(talk).status;
  };
  using Act = std::function<Answer(Talk &)>;
  const std::vector<std::pair<const char *, Act>> acts = {
      {"file.read-content", [](Talk &t) { return t.open("/file", open_read); }},
      {"file.create", [](Talk &t) { return t.open("/new", put_flags); }},
      {"file.update", [](Talk &t) { return t.open("/file", put_flags); }},
      {"file.read", [](Talk &t) { return t.path(Type::stat, "/file"); }},
      {"file.read", [](Talk &t) { return t.path(Type::opendir, "/"); }},
      {"file.update", [](Talk &t) { return t.path(Type::setstat, "/file"); }},
      {"file.update", [](Talk &t) { return t.ask(Type::rename, [](Writer &w) { w.text("/file").text("/b"); }); }},
      {"file.delete", [](Talk &t) { return t.path(Type::remove, "/file"); }},
      {"file.delete", [](Talk &t) { return t.path(Type::rmdir, "/d"); }},
      {"file.create", [](Talk &t) { return t.path(Type::mkdir, "/made"); }},
      {"file.create", [](Talk &t) { return t.ask(Type::symlink, [](Writer &w) { w.text("file").text("/l"); }); }},
  };
  for (const auto &[permission, act] : acts) {
    std::set<std::string> others = {"file.read-content", "file.create", "file.update", "file.read", "file.delete"};
    others.erase(permission);
    INFO(permission);
    CHECK(status(others, act) == Status::permission_denied);
    CHECK(status({permission}, act) == Status::ok);
    CHECK(status({"file.*"}, act) == Status::permission_denied);
  }
}

TEST_CASE("a read-only node changes nothing") {
  Talk talk({"*"}, true);
  talk.put("file", "x");
  CHECK(talk.open("/file", put_flags).status == Status::unsupported);
  CHECK(talk.path(Type::remove, "/file").status == Status::unsupported);
  CHECK(talk.path(Type::mkdir, "/made").status == Status::unsupported);
  CHECK(talk.path(Type::setstat, "/file").status == Status::unsupported);
  CHECK(talk.open("/file", open_read).type == Type::handle);
}

TEST_CASE("a server that is suspended or held refuses what an open handle asks") {
  Talk talk;
  const std::string handle = talk.open("/file", put_flags).text;
  CHECK(talk.write(handle, 0, "a").status == Status::ok);
  talk.fake.server(test_server)["suspended"] = true;
  CHECK(talk.write(handle, 0, "b").status == Status::permission_denied);
  talk.fake.server(test_server)["suspended"] = false;
  talk.fake.server(test_server)["held_by"] = "installing";
  CHECK(talk.write(handle, 0, "b").status == Status::permission_denied);
  CHECK(talk.path(Type::stat, "/file").status == Status::permission_denied);
  talk.fake.server(test_server)["held_by"] = nullptr;
  CHECK(talk.write(handle, 1, "b").status == Status::ok);
  CHECK(talk.content("file") == "ab");
  talk.fake.removeServer(test_server);
  CHECK(talk.write(handle, 0, "c").status == Status::permission_denied);
}

TEST_CASE("a folder is listed to its end, a hundred names at a time") {
  Talk talk;
  for (int i = 0; i < 150; ++i) talk.put("d/f" + std::to_string(i), "x");
  const std::string handle = talk.path(Type::opendir, "/d").text;
  const auto more = [&] { return talk.ask(Type::readdir, [&](Writer &w) { w.text(handle); }); };
  std::set<std::string> all;
  for (const std::size_t count : {100, 50}) {
    const auto names = namesIn(more().outcome.reply);
    CHECK(names.size() == count);
    all.insert(names.begin(), names.end());
  }
  CHECK(all.size() == 150);
  CHECK(more().status == Status::eof);
  CHECK(talk.read(handle, 0, 1).status == Status::failure);
  CHECK(talk.path(Type::opendir, "/d/f1").status == Status::failure);
  CHECK(talk.path(Type::opendir, "/absent").status == Status::no_such_file);
}

TEST_CASE("removing, renaming and making folders are recorded, and answered when that is kept") {
  Talk talk;
  talk.put("a", "x");
  talk.put("d/e/f", "x");
  const Answer renamed = talk.ask(Type::rename, [](Writer &w) { w.text("/a").text("/b"); });
  CHECK(renamed.outcome.record->metadata == Json::parse(R"({"files":[{"from":"/a","to":"/b"}]})"));
  CHECK(renamed.outcome.wait_for == renamed.outcome.record);
  CHECK_FALSE(talk.went_to_pool);
  const Answer removed = talk.path(Type::rmdir, "/d");
  CHECK(talk.went_to_pool);
  CHECK(removed.outcome.record->event == "server:sftp.delete");
  CHECK(removed.outcome.wait_for);
  CHECK_FALSE(std::filesystem::exists(talk.at("d")));
  CHECK(talk.path(Type::mkdir, "/x/y").outcome.record->event == "server:sftp.create-directory");
  CHECK_FALSE(talk.path(Type::mkdir, "/x/y").outcome.record); // it was there
  CHECK(talk.path(Type::remove, "/absent").status == Status::no_such_file);
  CHECK(talk.path(Type::rmdir, "/b").status == Status::failure);
}

TEST_CASE("the root stays, and what exists is not replaced") {
  Talk talk;
  talk.put("a", "x");
  talk.put("b", "y");
  CHECK(talk.path(Type::rmdir, "/").status == Status::failure);
  CHECK(talk.path(Type::remove, "/a/..").status == Status::failure);
  CHECK(talk.ask(Type::rename, [](Writer &w) { w.text("/").text("/x"); }).status == Status::failure);
  CHECK(talk.ask(Type::rename, [](Writer &w) { w.text("/a").text("/b"); }).status == Status::failure);
  CHECK(talk.content("b") == "y");
}

TEST_CASE("modes are set as Wings does; times leave the mode alone") {
  Talk talk;
  talk.put("file", "x");
  const auto mode = [&] { return std::filesystem::status(talk.at("file")).permissions(); };
  const auto set = [&](Attributes a) {
    return talk.ask(Type::setstat, [&](Writer &w) { w.text("/file").attributes(a); }).status;
  };
  CHECK(set({attribute_mode, 0, 0, 0, 0100600, 0, 0}) == Status::ok);
  CHECK(mode() == std::filesystem::perms(0600));
  CHECK(set({attribute_times, 0, 0, 0, 0, 1'234'567'890, 1'234'567'890}) == Status::ok);
  CHECK(mode() == std::filesystem::perms(0600));
  CHECK(set({attribute_mode, 0, 0, 0, 0100000, 0, 0}) == Status::ok);
  CHECK(mode() == std::filesystem::perms(0644));
  CHECK(set({attribute_mode, 0, 0, 0, 0107777, 0, 0}) == Status::ok);
  CHECK(mode() == std::filesystem::perms(0777));
  CHECK(set({attribute_mode, 0, 0, 0, 0040700, 0, 0}) == Status::ok);
  CHECK(mode() == std::filesystem::perms(0755));
}

TEST_CASE("a session has a bound of open files") {
  Talk talk;
  talk.put("file", "x");
  for (std::size_t i = 0; i < Conversation::max_handles; ++i)
    REQUIRE(talk.open("/file", open_read).type == Type::handle);
  CHECK(talk.open("/file", open_read).status == Status::failure);
  CHECK(talk.path(Type::opendir, "/").status == Status::failure);
  CHECK(talk.close("1").status == Status::ok);
  CHECK(talk.open("/file", open_read).type == Type::handle);
}

TEST_CASE("the sessions of a user have a bound of open files together, and so have all") {
  Talk talk;
  talk.put("file", "x");
  const auto session = [&](const char *user) {
    return std::make_unique<Conversation>(talk.host, Login{user, test_server, "", {"*"}}, false, talk.growths,
                                          talk.open_files);
  };
  // The handle that it gives, or nothing.
  const auto open = [](Conversation &in, Type type, const std::string &path) {
    std::string packet;
    Writer(packet, type).number(1).text(path).number(open_read).number(0).end();
    const std::string reply = in.handle(std::string_view(packet).substr(4), Effort::full).reply;
    return reply.size() > 13 && Type{static_cast<std::uint8_t>(reply[4])} == Type::handle ? reply.substr(13) : "";
  };
  auto second = session("user"), other = session("other"), third = session("third");
  for (Conversation *one : {second.get(), other.get(), third.get()}) one->handle({"\1\0\0\0\3", 5}, Effort::quick);
  for (int i = 0; i < 200; ++i) REQUIRE(talk.open("/file", open_read).type == Type::handle);
  for (int i = 0; i < 100; ++i)
    REQUIRE_FALSE(open(*second, i % 2 == 0 ? Type::open : Type::opendir, i % 2 == 0 ? "/file" : "/").empty());
  CHECK(open(*second, Type::open, "/file").empty());
  CHECK(open(*second, Type::opendir, "/").empty());
  CHECK(talk.open("/file", put_flags).status == Status::failure);
  CHECK(talk.content("file") == "x");
  for (int i = 0; i < 212; ++i) REQUIRE_FALSE(open(*other, Type::open, "/file").empty());
  CHECK(open(*third, Type::open, "/file").empty());
  CHECK(talk.close("1").status == Status::ok);
  CHECK_FALSE(open(*third, Type::open, "/file").empty());
  CHECK(open(*third, Type::open, "/absent").empty());
  second.reset(); // and its places with it
  CHECK(talk.open("/file", put_flags).type == Type::handle);
  CHECK_FALSE(open(*third, Type::opendir, "/").empty());
}

TEST_CASE("handles that were never given are refused") {
  Talk talk;
  for (const std::string handle : {"", "0", "1", "-1", "99999999999999999999", "x", "1x"}) {
    CHECK(talk.close(handle).status == Status::failure);
    CHECK(talk.read(handle, 0, 1).status == Status::failure);
    CHECK(talk.write(handle, 0, "x").status == Status::failure);
  }
}
