#include "docker/attachment.hpp"

#include "docker/acts.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <mutex>
#include <thread>
#include <vector>

using namespace pinion::core;
using namespace std::chrono_literals;
using pinion::core::testing::Signal;

namespace {

// A terminal of which the test holds the game's end.
struct Terminal {
  Loop loop;
  Pool pool{"test", {}};
  Bus bus{loop};
  Lane lane{pool, "test"};
  UniqueFd ours, theirs;
  Signal ended;
  std::mutex mutex;
  std::vector<EventPtr> events;
  Signal heard;

  Terminal() {
    loop.start("test");
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    ours = UniqueFd(pair[0]);
    theirs = UniqueFd(pair[1]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    const timeval full{0, 500000}, deadline{std::chrono::seconds(testing::kDeadline).count(), 0};
    ::setsockopt(theirs.get(), SOL_SOCKET, SO_SNDTIMEO, &full, sizeof full);
    ::setsockopt(theirs.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    REQUIRE(bus.subscribe(
        lane, "container output", Policy::all,
        [this](const Delivery &delivery) {
          const std::lock_guard lock(mutex);
          events.push_back(delivery.event);
          heard.set();
        },
        100000));
  }
  ~Terminal() {
    bus.stop();
    lane.close();
    loop.stop();
    pool.stop();
  }
  std::shared_ptr<Attachment> attach(std::string prefix = "") {
    return Attachment::begin(loop, std::move(ours), std::move(prefix), bus, "server", [this] { ended.set(); });
  }
  // What the game can write before its terminal is full.
  std::size_t write(std::string_view text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const auto n = ::send(theirs.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    return sent;
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex);
    std::vector<std::string> out;
    for (const auto &event : events) out.push_back(event->payload);
    return out;
  }
  std::size_t heardNow() {
    const std::lock_guard lock(mutex);
    return events.size();
  }
  void letGo() {
    std::vector<EventPtr> dropped;
    const std::lock_guard lock(mutex);
    dropped.swap(events);
  }
};

} // namespace

TEST_CASE("output of a container is published line by line, the first bytes too") {
  Terminal terminal;
  const auto attachment = terminal.attach("early\r\nhal");
  terminal.write("f\nlast");
  terminal.theirs.reset();
  REQUIRE(terminal.ended.wait());
  REQUIRE(terminal.heard.wait(3));
  CHECK(terminal.lines() == std::vector<std::string>{"early", "half", "last"});
  CHECK(terminal.events.front()->topic == "container output");
  CHECK(terminal.events.front()->server == "server");
  CHECK(terminal.events.front()->raw);
  CHECK_FALSE(attachment->open());
  CHECK(attachment->input("x").error().code == Code::notFound);
}

TEST_CASE("a game is not read while nobody finishes with its lines, and is read again when they do") {
  Terminal terminal;
  const auto attachment = terminal.attach();
  std::string flood;
  for (int i = 0; i < 40000; ++i) flood += "line " + std::to_string(i) + " of a game that prints a lot of text\n";
  const std::size_t before = terminal.write(flood); // ends by the send timeout: the terminal is full
  CHECK(before < flood.size());
  REQUIRE(terminal.heard.wait(static_cast<int>(Attachment::kMostLines)));
  CHECK(terminal.heardNow() == Attachment::kMostLines);
  std::thread game([&] {
    std::size_t sent = before;
    for (int tries = 0; sent < flood.size() && tries < 100; ++tries)
      sent += terminal.write(std::string_view(flood).substr(sent));
    terminal.theirs.reset();
  });
  std::size_t heard = 0;
  while (heard < 40000) {
    REQUIRE(terminal.heard.wait(static_cast<int>(heard) + 1));
    std::vector<EventPtr> taken;
    {
      const std::lock_guard lock(terminal.mutex);
      taken.swap(terminal.events);
    }
    CHECK(taken.size() <= Attachment::kMostLines);
    for (const auto &event : taken) {
      if (event->payload.rfind("line " + std::to_string(heard) + " ", 0) != 0) FAIL("line " << heard << " is lost");
      ++heard;
    }
  }
  game.join();
  CHECK(terminal.ended.wait());
}

TEST_CASE("long lines are bounded by bytes in flight") {
  Terminal terminal;
  const auto attachment = terminal.attach();
  terminal.write(std::string(40000, 'a') + "\n" + std::string(40000, 'b') + "\n" + std::string(40000, 'c') + "\n");
  REQUIRE(terminal.heard.wait(2));
  CHECK(terminal.heardNow() == 2);
  terminal.letGo();
  REQUIRE(terminal.heard.wait(3));
  CHECK(terminal.lines() == std::vector<std::string>{std::string(40000, 'c')});
}

TEST_CASE("input reaches the game in order, and is refused when the game reads none") {
  Terminal terminal;
  const auto attachment = terminal.attach();
  REQUIRE(attachment->input("one\n"));
  REQUIRE(attachment->input("two\n"));
  std::string got;
  char piece[64];
  while (got.size() < 8) {
    const auto n = ::recv(terminal.theirs.get(), piece, sizeof piece, 0);
    REQUIRE(n > 0);
    got.append(piece, static_cast<std::size_t>(n));
  }
  CHECK(got == "one\ntwo\n");
  CHECK(attachment->input(std::string(Attachment::kMostInput + 1, 'x')).error().code == Code::busy);
  bool refused = false;
  for (int i = 0; i < 10000 && !refused; ++i) {
    const auto taken = attachment->input(std::string(8192, 'x'));
    refused = !taken && taken.error().code == Code::busy;
  }
  CHECK(refused);
}

TEST_CASE("a closed attachment tells nothing more") {
  Terminal terminal;
  const auto attachment = terminal.attach();
  terminal.write("one\n");
  REQUIRE(terminal.heard.wait());
  attachment->close();
  attachment->close();
  char byte = 0;
  CHECK(::recv(terminal.theirs.get(), &byte, 1, 0) == 0); // hung up
  CHECK(terminal.ended.count() == 0);
}

TEST_CASE("an act is answered once, whatever ends it first") {
  Loop loop;
  loop.start("test");
  const auto acts = std::make_shared<Acts>(loop);
  Signal done, undone;
  std::vector<Code> codes;
  std::mutex mutex;
  const auto begin = [&](std::chrono::milliseconds deadline) {
    return acts->begin(nullptr, deadline, [&](const Result<std::string> &answer) {
      const std::lock_guard lock(mutex);
      codes.push_back(answer ? Code::ok : answer.error().code);
      done.set();
    });
  };
  SECTION("by its work") {
    const auto act = begin(60s);
    act->onAbandoned([&] { undone.set(); });
    act->finish(std::string("{}"));
    act->finish(Error{});
    acts->cancel(act->id());
    CHECK(codes == std::vector<Code>{Code::ok});
    CHECK(undone.count() == 0);
  }
  SECTION("by a cancel, which undoes what was begun") {
    const auto act = begin(60s);
    act->onAbandoned([&] { undone.set(); });
    acts->cancel(act->id());
    act->finish(std::string("{}"));
    CHECK(codes == std::vector<Code>{Code::cancelled});
    CHECK(undone.count() == 1);
    act->onAbandoned([&] { undone.set(); }); // begun late: undone at once
    CHECK(undone.count() == 2);
  }
  SECTION("by its deadline") {
    const auto act = begin(20ms);
    REQUIRE(done.wait());
    CHECK(codes == std::vector<Code>{Code::timeout});
    CHECK(act->over());
  }
  SECTION("by deadlines that have passed when they begin") {
    constexpr int kActs = 2000;
    for (int i = 0; i < kActs; ++i) begin(0ms);
    REQUIRE(done.wait(kActs));
    CHECK(codes == std::vector<Code>(kActs, Code::timeout));
  }
  SECTION("by a cancel, whatever is begun at the same time") {
    constexpr int kActs = 2000;
    std::vector<ActPtr> all;
    for (int i = 0; i < kActs; ++i) all.push_back(begin(60s));
    std::thread canceller([&] {
      for (const auto &act : all) acts->cancel(act->id());
    });
    for (const auto &act : all) act->onAbandoned([&] { undone.set(); });
    canceller.join();
    CHECK(undone.count() == kActs);
  }
  SECTION("by a stop, and none begins after it") {
    begin(60s);
    acts->stop();
    begin(60s);
    CHECK(codes == std::vector<Code>{Code::stopping, Code::stopping});
  }
  CHECK(acts->size() == 0);
  acts->cancel(12345); // of nobody
  loop.stop();
}
