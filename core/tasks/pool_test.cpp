#include "tasks/pool.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>

using namespace pinion::core;
using testing::Signal;

namespace {

constexpr Pool::Limits kSmall{1, 4, 8};

// Keeps one thread of a pool busy until it is released.
class Block {
public:
  explicit Block(Pool &pool) {
    REQUIRE(pool.post([started = &started_, released = released_.get_future().share()] {
      started->set();
      released.wait();
    }));
    REQUIRE(started_.wait());
  }
  ~Block() { release(); }
  void release() {
    if (!done_) released_.set_value();
    done_ = true;
  }

private:
  Signal started_;
  std::promise<void> released_;
  bool done_ = false;
};

} // namespace

TEST_CASE("a pool runs its jobs and begins with its least number of threads") {
  Pool pool("work", {2, 4, 100});
  CHECK(pool.threads() == 2);
  Signal ran;
  for (int i = 0; i < 50; ++i) REQUIRE(pool.post([&] { ran.set(); }));
  CHECK(ran.wait(50));
}

TEST_CASE("a pool grows while its threads are busy, up to its limit") {
  Signal ran;
  Pool pool("work", kSmall);
  Block one(pool), two(pool), three(pool), four(pool);
  CHECK(pool.threads() == 4);
  REQUIRE(pool.post([&] { ran.set(); }));
  CHECK(pool.threads() == 4);
  CHECK(pool.queued() == 1);
  two.release();
  CHECK(ran.wait());
}

TEST_CASE("a full queue refuses a job, but not one of a lane") {
  std::atomic<int> ran = 0;
  Pool pool("work", kSmall);
  {
    Block one(pool), two(pool), three(pool), four(pool);
    for (int i = 0; i < 8; ++i) REQUIRE(pool.post([&] { ++ran; }));
    CHECK_FALSE(pool.post([&] { ++ran; }));
    CHECK(pool.postUnbounded([&] { ++ran; }));
    CHECK(pool.queued() == 9);
  }
  pool.stop();
  CHECK(ran == 9);
}

TEST_CASE("stopping a pool runs what is queued and refuses what comes after") {
  std::atomic<int> ran = 0;
  Pool pool("work", {1, 2, 1000});
  for (int i = 0; i < 500; ++i) REQUIRE(pool.post([&] { ++ran; }));
  pool.stop();
  CHECK(ran == 500);
  CHECK(pool.threads() == 0);
  CHECK_FALSE(pool.post([&] { ++ran; }));
  CHECK_FALSE(pool.postUnbounded([&] { ++ran; }));
  pool.stop();
  CHECK(ran == 500);
}

TEST_CASE("what a job captured is freed when it has run") {
  Pool pool("work", kSmall);
  auto witness = std::make_shared<int>(1);
  pool.post([witness] {});
  pool.stop();
  CHECK(witness.use_count() == 1);
}

TEST_CASE("jobs from many threads all run") {
  Pool pool("work", {2, 4, 100000});
  std::atomic<int> ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) pool.post([&] { ++ran; });
    });
  for (auto &thread : threads) thread.join();
  pool.stop();
  CHECK(ran == 4000);
}
