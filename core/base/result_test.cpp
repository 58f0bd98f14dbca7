#include "base/fd.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>

#include <memory>
#include <thread>

using namespace pinion::core;

TEST_CASE("a result holds its value") {
  Result<std::string> result(std::string("yes"));
  REQUIRE(result);
  CHECK(*result == "yes");
  CHECK(result->size() == 3);
}

TEST_CASE("a result holds what went wrong") {
  const Result<int> result(Error{Code::notFound, "no such server"});
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::notFound);
  CHECK(result.error().text == "no such server");
}

TEST_CASE("a value that can only be moved is moved out of a result") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  REQUIRE(result);
  const std::unique_ptr<int> out = *std::move(result);
  CHECK(*out == 7);
}

TEST_CASE("a result without a value is success until it is given an error") {
  CHECK(Result<void>());
  const Result<void> failed(Error{Code::io, "disk full"});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text == "disk full");
}

TEST_CASE("a descriptor is closed when its owner goes, and only then") {
  const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(raw >= 0);
  {
    UniqueFd first(raw);
    UniqueFd second(std::move(first));
    CHECK_FALSE(first);
    REQUIRE(second);
    CHECK(::fcntl(raw, F_GETFD) != -1);
  }
  CHECK(::fcntl(raw, F_GETFD) == -1);
}

TEST_CASE("a released descriptor stays open") {
  UniqueFd owner(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  UniqueFd again(owner.release());
  CHECK_FALSE(owner);
  CHECK(::fcntl(again.get(), F_GETFD) != -1);
}

TEST_CASE("a guarded value is changed by one thread at a time") {
  Guarded<long> count(0);
  const auto add = [&] {
    for (int i = 0; i < 10000; ++i) count.with([](long &n) { ++n; });
  };
  std::thread other(add);
  add();
  other.join();
  CHECK(count.with([](const long &n) { return n; }) == 20000);
}
