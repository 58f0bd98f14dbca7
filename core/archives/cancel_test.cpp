// Ending packs and unpacks in the middle: they wait for a pipe that gives or takes nothing more, so that the middle is
// where the test wants it.
#include "archives/archive_for_tests.hpp"
#include "tasks/signal_for_tests.hpp"

#include <poll.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <thread>

using namespace pinion::core;
using namespace pinion::core::archives;
using namespace pinion::core::archives::testing;
using pinion::core::testing::Signal;

namespace {

struct Pipe {
  Pipe() {
    int both[2];
    REQUIRE(::pipe2(both, O_CLOEXEC) == 0);
    out = UniqueFd(both[0]);
    in = UniqueFd(both[1]);
  }
  UniqueFd out, in; // to read from, to write to
};

std::string tarOf(const Volume &volume, const std::vector<Given> &entries) {
  make(volume, "made.tar", "ustar", "", entries);
  return Volume::read(volume.base / "made.tar");
}

// What is on the disk and what was counted for it.
struct Counted {
  std::int64_t bytes = 0;
  std::function<Result<void>(std::int64_t)> hook() {
    return [this](std::int64_t more) -> Result<void> {
      bytes += more;
      return {};
    };
  }
};

} // namespace

TEST_CASE("an unpack that is stopped in the middle of a file ends, and counts exactly what lies on the disk") {
  Volume volume;
  const std::string whole = tarOf(volume, {{"one", "1"}, {"two", std::string(300'000, '2')}, {"three", "3"}});
  const std::size_t half = whole.size() / 2;
  Pipe pipe;
  Signal reached;
  std::atomic<bool> stop = false;
  Counted counted;
  UnpackHooks hooks;
  hooks.told = [&](const Progress &now) {
    if (now.name == "two") reached.set();
  };
  hooks.stopped = [&] { return stop.load(); };
  hooks.reserve = counted.hook();
  std::optional<Result<Unpacked>> done;
  std::thread unpacking([&] { done = unpack(volume.tree(), pipe.out.get(), {}, hooks); });
  std::thread feeding([&] {
    for (std::size_t at = 0; at < half;) {
      const auto put = ::write(pipe.in.get(), whole.data() + at, half - at);
      if (put <= 0) return;
      at += static_cast<std::size_t>(put);
    }
  });
  const bool middle = reached.wait();
  feeding.join();
  stop = true; // the pipe is open, and nothing more comes
  unpacking.join();
  REQUIRE(middle);
  REQUIRE_FALSE(*done);
  CHECK(done->error().code == Code::cancelled);
  CHECK(done->error().detail == ECANCELED);
  const auto left = volume.all(volume.root);
  CHECK(left.at("one") == "1");
  CHECK(left.count("three") == 0);
  CHECK(left.size() == 2); // no file of another name
  CHECK(counted.bytes == static_cast<std::int64_t>(left.at("one").size() + left.at("two").size()));
  CHECK(left.at("two").find_first_not_of('2') == std::string::npos);
}

TEST_CASE("a pack whose reader takes nothing is stopped, gives the pipe back as it was, and changes no file") {
  const Format format = GENERATE(Format::tar, Format::tar_gz, Format::tar_zst, Format::zip);
  Volume volume;
  std::string noise(4 << 20, '\0'); // more than a pipe holds, however it is compressed
  std::uint32_t state = 1;
  for (char &byte : noise) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
  volume.put("a", "first");
  volume.put("noise", noise);
  volume.put("z", "last");
  Pipe pipe;
  const int flags = ::fcntl(pipe.in.get(), F_GETFL);
  std::atomic<bool> stop = false;
  PackOptions options;
  options.format = format;
  PackHooks hooks;
  hooks.stopped = [&] { return stop.load(); };
  std::optional<Result<Packed>> done;
  std::thread packing([&] { done = pack(volume.tree(), pipe.in.get(), options, hooks); });
  // Full: the pack waits for its reader.
  pollfd begun{pipe.out.get(), POLLIN, 0};
  const bool middle =
      ::poll(&begun, 1, static_cast<int>(std::chrono::milliseconds(pinion::core::testing::kDeadline).count())) == 1;
  stop = true;
  packing.join();
  REQUIRE(middle);
  REQUIRE_FALSE(*done);
  CHECK(done->error().code == Code::cancelled);
  CHECK(::fcntl(pipe.in.get(), F_GETFL) == flags);
  CHECK(volume.all(volume.root).size() == 3);
}

TEST_CASE("a pack whose reader goes away fails, and does not wait for it") {
  Volume volume;
  volume.put("a", std::string(1 << 20, 'x'));
  std::signal(SIGPIPE, SIG_IGN); // as the daemon does
  Pipe pipe;
  pipe.out.reset();
  PackOptions options;
  options.format = Format::tar;
  const auto done = pack(volume.tree(), pipe.in.get(), options, {});
  REQUIRE_FALSE(done);
  CHECK(done.error().detail == EPIPE);
}

TEST_CASE("an unpack whose writer goes away in the middle of an entry is of a damaged archive") {
  Volume volume;
  const std::string whole = tarOf(volume, {{"one", "1"}, {"two", std::string(20'000, '2')}});
  Pipe pipe;
  REQUIRE(::write(pipe.in.get(), whole.data(), 10'000) == 10'000);
  pipe.in.reset();
  Counted counted;
  UnpackHooks hooks;
  hooks.reserve = counted.hook();
  const auto done = unpack(volume.tree(), pipe.out.get(), {}, hooks);
  REQUIRE_FALSE(done);
  CHECK(done.error().detail == EBADMSG);
  std::int64_t bytes = 0;
  for (const auto &[name, text] : volume.all(volume.root)) bytes += static_cast<std::int64_t>(text.size());
  CHECK(counted.bytes == bytes);
}
