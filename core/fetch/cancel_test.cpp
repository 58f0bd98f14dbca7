// Cancelling a download before its answer's head is there: while the name is resolved, while connecting, in the TLS
// handshake, and while the host is silent. Every other limit is far beyond the test's.
#include "fetch/download.hpp"

#include "fetch/silent_for_tests.hpp"

#include <functional>
#include <optional>
#include <thread>
#include <vector>

using namespace pinion::core;
using namespace pinion::core::fetch;
using namespace pinion::core::testing;

namespace {

Request patient(const std::string &scheme, int port) {
  Request request;
  request.url = scheme + "://127.0.0.1:" + std::to_string(port) + "/x";
  request.to_private = true;
  request.connect = request.stall = request.deadline = kDeadline * 10;
  return request;
}

const TlsSource kTls = [] { return std::make_shared<const outbound::TlsContext>(true); };

// Opens on a thread, cancels when `moment()` returned, and gives what open() said.
Error cancelledAt(Download &download, const Request &request, const std::function<bool()> &moment) {
  std::optional<Result<Head>> opened;
  std::thread opening([&] { opened = download.open(request); });
  const bool reached = moment();
  download.cancel();
  opening.join();
  REQUIRE(reached);
  REQUIRE_FALSE(*opened);
  return opened->error();
}

} // namespace

TEST_CASE("A download that waits for the head of the answer is cancelled at once") {
  Silent silent;
  {
    Download download(kTls);
    const auto error = cancelledAt(download, patient("http", silent.port()), [&] { return silent.hear("\r\n\r\n"); });
    CHECK(error.code == Code::cancelled);
    CHECK(error.text == "the download was cancelled");
    char byte = 0;
    CHECK(download.read(&byte, 1).error().code == Code::cancelled);
  }
  CHECK(silent.leftAlone());
}

TEST_CASE("A download is cancelled in the TLS handshake") {
  Silent silent;
  Download download(kTls);
  CHECK(cancelledAt(download, patient("https", silent.port()), [&] { return silent.hear(""); }).code ==
        Code::cancelled);
}

TEST_CASE("A download is cancelled while it connects") {
  Silent full(0);
  std::vector<UniqueFd> fill; // until the kernel takes no more for the listener, and connecting waits
  for (bool more = true; more;) {
    UniqueFd one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto target = outbound::resolve("127.0.0.1", full.port())->front();
    more = ::connect(one.get(), reinterpret_cast<const sockaddr *>(&target.address), target.size) == 0;
    fill.push_back(std::move(one));
    REQUIRE(fill.size() < 64);
  }
  Signal resolved;
  const auto resolver = [&](const std::string &host, int port) {
    auto found = outbound::resolve(host, port);
    resolved.set();
    return found;
  };
  Download download(kTls, resolver);
  CHECK(cancelledAt(download, patient("http", full.port()), [&] { return resolved.wait(); }).code == Code::cancelled);
}

TEST_CASE("A download that is cancelled while its name is resolved connects to nothing") {
  Silent silent;
  Signal resolving, go_on;
  const auto resolver = [&](const std::string &host, int port) {
    resolving.set();
    (void)go_on.wait();
    return outbound::resolve(host, port);
  };
  Download download(kTls, resolver);
  std::optional<Result<Head>> opened;
  std::thread opening([&] { opened = download.open(patient("http", silent.port())); });
  const bool reached = resolving.wait();
  download.cancel();
  go_on.set();
  opening.join();
  REQUIRE(reached);
  REQUIRE_FALSE(*opened);
  CHECK(opened->error().code == Code::cancelled);
  CHECK_FALSE(silent.isAsked());
}

TEST_CASE("A download that was cancelled before it began sends nothing") {
  Silent silent;
  Download download([]() -> std::shared_ptr<const outbound::TlsContext> {
    FAIL("nothing is to be connected to");
    return nullptr;
  });
  download.cancel();
  CHECK(download.open(patient("https", silent.port())).error().code == Code::cancelled);
}
