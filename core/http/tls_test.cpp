// TLS: what is agreed on, and changing the certificate while connections are open.
#include "http/tls_for_tests.hpp"

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

const std::string kRequest = "GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

} // namespace

TEST_CASE("Requests are served over TLS 1.2 and 1.3 with HTTP/1.1 agreed on") {
  const TestCertificate certificate;
  ServedFront served(tlsOptions(certificate));
  const std::string large(3'000'000, 'l');
  served.route("GET", "/large", AuthKind::none, [&](const ExchangePtr &exchange) { (void)exchange->finish(large); });
  served.listen();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(served.front.port(), version);
    REQUIRE(client.connected);
    CHECK(client.version() == version);
    CHECK(client.protocol() == "http/1.1");
    const auto answer = client.ask(kRequest);
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with(large));
  }
}

TEST_CASE("Old versions, weak suites and plain HTTP are turned away") {
  const TestCertificate certificate;
  ServedFront served(tlsOptions(certificate));
  served.listen();
  CHECK_FALSE(TlsClient(served.front.port(), TLS1_1_VERSION).connected);
  CHECK_FALSE(TlsClient(served.front.port(), TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA").connected);
  RawClient plain(served.front.port());
  plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(plain.rest().find("400 Bad Request") != std::string::npos);
  TlsClient after(served.front.port());
  CHECK(after.connected);
}

TEST_CASE("A body streams in over TLS faster than it is read, and none of it is lost") {
  const TestCertificate certificate;
  ServedFront served(tlsOptions(certificate));
  served.route(
      "POST", "/up", AuthKind::none,
      [](const ExchangePtr &exchange) {
        std::vector<char> buffer(10'000);
        std::size_t total = 0;
        std::int64_t got = 0;
        while ((got = exchange->readBody(buffer.data(), buffer.size())) > 0) total += static_cast<std::size_t>(got);
        (void)exchange->finish(std::to_string(total));
      },
      true);
  served.listen();
  TlsClient client(served.front.port());
  REQUIRE(client.connected);
  const auto answer =
      client.ask("POST /up HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n" +
                 std::string(5'000'000, 'u'));
  CHECK(answer.ends_with("\r\n\r\n5000000"));
}

TEST_CASE("A new certificate serves later connections, and a broken one changes nothing") {
  const TestCertificate certificate;
  ServedFront served(tlsOptions(certificate));
  served.route("GET", "/large", AuthKind::none, [](const ExchangePtr &exchange) { (void)exchange->finish("x"); });
  served.listen();
  TlsClient before(served.front.port());
  CHECK(before.peerName() == "first");
  certificate.write("second");
  REQUIRE(served.front.reloadCertificate());
  CHECK(TlsClient(served.front.port()).peerName() == "second");
  CHECK(before.ask(kRequest).ends_with("x"));
  std::filesystem::resize_file(certificate.certificate(), 10);
  const auto broken = served.front.reloadCertificate();
  REQUIRE_FALSE(broken);
  CHECK(broken.error().text.find(certificate.certificate()) != std::string::npos);
  CHECK(TlsClient(served.front.port()).peerName() == "second");
}

TEST_CASE("A certificate or key that is missing or does not fit keeps the front from listening") {
  const TestCertificate certificate, other;
  auto missing = tlsOptions(certificate);
  missing.certificate += ".none";
  ServedFront first(missing);
  CHECK_FALSE(first.front.listen());
  auto mixed = tlsOptions(certificate);
  mixed.key = other.key();
  ServedFront second(mixed);
  const auto listened = second.front.listen();
  REQUIRE_FALSE(listened);
  CHECK(listened.error().text.find(other.key()) != std::string::npos);
}
