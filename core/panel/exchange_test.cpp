#include "panel/exchange.hpp"
#include "panel/fake_panel.hpp"
#include "panel/list_page.hpp"

#include <catch2/catch.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

using namespace pinion::core;
using namespace pinion::core::panel;
using namespace std::chrono_literals;

namespace {

using Peer = Poco::Net::StreamSocket;

struct Fixture {
  StopSignal stop;
  Exchanger exchanger{true, 1024 * 1024, stop};
  Result<Answer> run(const std::string &url, std::chrono::milliseconds limit = 5s, const std::string &method = "GET",
                     const std::string &body = "") {
    return exchanger.run({method, url, body, {{"Authorization", "Bearer x"}}},
                         std::chrono::steady_clock::now() + limit);
  }
};

std::string answering(const std::string &text, std::string *error = nullptr, Code *code = nullptr) {
  const BareServer server([&](Peer &peer) {
    BareServer::readHead(peer);
    BareServer::write(peer, text);
    peer.shutdownSend();
    BareServer::drain(peer);
  });
  Fixture f;
  const auto answer = f.run(server.url() + "/x");
  if (!answer && error) *error = answer.error().text;
  if (!answer && code) *code = answer.error().code;
  return answer ? std::to_string(answer->status) + " " + answer->body : "failed";
}

} // namespace

TEST_CASE("whole answers are read in every framing") {
  CHECK(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab") == "200 ab");
  CHECK(answering("HTTP/1.0 200 OK\r\n\r\nuntil the end") == "200 until the end");
  CHECK(
      answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n") ==
      "200 abcde");
  CHECK(answering("HTTP/1.1 204 No Content\r\n\r\n") == "204 ");
  CHECK(answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx") == "200 x");
}

TEST_CASE("answers that are cut short or malformed are worth another try") {
  for (const char *text : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "garbage\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n"}) {
    CAPTURE(text);
    Code code = Code::ok;
    CHECK(answering(text, nullptr, &code) == "failed");
    CHECK(code == Code::io);
  }
}

TEST_CASE("an answer that is too large is refused, promised or sent") {
  const std::string big(1024 * 1024 + 1, 'x');
  for (const auto &text :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), "HTTP/1.0 200 OK\r\n\r\n" + big,
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\nx")}) {
    std::string error;
    Code code = Code::ok;
    CHECK(answering(text, &error, &code) == "failed");
    CHECK(code == Code::invalid);
    CHECK(error.find("larger than 1 MiB") != std::string::npos);
  }
}

TEST_CASE("an answer that drips does not outlast the deadline") {
  for (const char *begin : {"HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", ""}) {
    const BareServer server([&](Peer &peer) {
      BareServer::readHead(peer);
      BareServer::write(peer, begin);
      // A byte every few milliseconds until the client has had enough.
      while (*begin && !peer.poll(Poco::Timespan(0, 5000), Poco::Net::Socket::SELECT_READ))
        BareServer::write(peer, "x");
      BareServer::drain(peer);
    });
    Fixture f;
    const auto began = std::chrono::steady_clock::now();
    const auto answer = f.run(server.url(), 150ms);
    REQUIRE(!answer);
    CHECK(answer.error().code == Code::timeout);
    CHECK(std::chrono::steady_clock::now() - began < 3s);
  }
}

TEST_CASE("a kept connection that the server closed meanwhile is replaced unnoticed") {
  const BareServer server([](Peer &peer) {
    BareServer::readHead(peer);
    BareServer::write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"); // and closes
  });
  Fixture f;
  for (int i = 0; i < 5; ++i) {
    const auto answer = f.run(server.url());
    REQUIRE(answer);
    CHECK(answer->body == "x");
  }
  CHECK(server.connections() == 5);
}

TEST_CASE("redirects are followed, as GET or with the body, and not for ever") {
  FakePanel panel([](const Seen &seen) {
    if (seen.uri == "/found") return Reply{302, "", {{"Location", "/end?x=1"}}};
    if (seen.uri == "/kept") return Reply{308, "", {{"Location", "end"}}};
    if (seen.uri == "/loop") return Reply{301, "", {{"Location", "/loop"}}};
    if (seen.uri == "/odd") return Reply{301, "", {{"Location", "ftp://x/"}}};
    if (seen.uri == "/nowhere") return Reply{301, "", {}};
    return Reply{200, seen.method + " " + seen.uri + " " + seen.body + " " + seen.header("Authorization"), {}};
  });
  Fixture f;
  CHECK(f.run(panel.url() + "/found", 5s, "POST", "b")->body == "GET /end?x=1  Bearer x");
  CHECK(f.run(panel.url() + "/kept", 5s, "POST", "b")->body == "POST /end b Bearer x");
  CHECK(f.run(panel.url() + "/nowhere")->status == 301);
  CHECK(f.run(panel.url() + "/loop").error().code == Code::io);
  CHECK(f.run(panel.url() + "/odd").error().code == Code::invalid);
}

TEST_CASE("credentials do not follow a redirect to another host") {
  FakePanel other([](const Seen &seen) { return Reply{200, "[" + seen.header("Authorization") + "]", {}}; });
  std::string target = other.url();
  target.replace(target.find("127.0.0.1"), 9, "localhost");
  FakePanel panel([&](const Seen &) { return Reply{307, "", {{"Location", target + "/x"}}}; });
  Fixture f;
  const auto answer = f.run(panel.url());
  REQUIRE(answer);
  CHECK(answer->body == "[]");
}

TEST_CASE("proxies of the environment are found, and this machine needs none") {
  struct Variable {
    const char *name;
    Variable(const char *variable, const char *value) : name(variable) { ::setenv(name, value, 1); }
    ~Variable() { ::unsetenv(name); }
  };
  const Variable http("HTTP_PROXY", "http://user:pw@proxy.example:3128"), https("https_proxy", "other.example:8888"),
      none("NO_PROXY", "direct.example, .inner.example,portly.example:444");
  const auto proxy = [](const char *url) {
    const auto found = proxyFor(*Address::parse(url));
    return !found ? "error" : *found ? (*found)->address.origin() + " " + (*found)->authorization : std::string("none");
  };
  CHECK(proxy("http://panel.example/x") == "http://proxy.example:3128 Basic dXNlcjpwdw==");
  CHECK(proxy("https://panel.example/x") == "http://other.example:8888 ");
  for (const char *url : {"http://localhost/", "http://127.0.0.1:80/", "https://[::1]/", "http://direct.example/",
                          "http://a.direct.example", "https://x.inner.example", "https://portly.example:444/"})
    CHECK(proxy(url) == "none");
  CHECK(proxy("https://portly.example/") != "none");
  CHECK(proxy("http://notdirect.example/") != "none");
}

TEST_CASE("an address is taken apart and put together") {
  const auto address = Address::parse("https://[2001:db8::1]:8443/base/x?y=1");
  REQUIRE(address);
  CHECK(address->host == "2001:db8::1");
  CHECK(address->origin() == "https://[2001:db8::1]:8443");
  CHECK(address->path == "/base/x?y=1");
  CHECK(Address::parse("https://panel.example")->origin() == "https://panel.example");
  CHECK(!Address::parse("unix:/x"));
}

namespace {

// A TLS server with a certificate of its own for "localhost".
struct SecureServer {
  std::string certificate_path;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  std::unique_ptr<BareServer> server;

  SecureServer() {
    std::signal(SIGPIPE, SIG_IGN); // as the daemon does
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char *>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    for (const auto &[id, value] :
         {std::pair{NID_subject_alt_name, "DNS:localhost"}, std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
      X509_EXTENSION *extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, EVP_sha256());
    char name[] = "/tmp/pinion-panel-XXXXXX";
    ::close(::mkstemp(name));
    certificate_path = name;
    std::FILE *file = std::fopen(name, "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    SSL_CTX_use_certificate(context.get(), certificate);
    SSL_CTX_use_PrivateKey(context.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    server = std::make_unique<BareServer>([this](Peer &peer) { serve(peer); });
  }
  ~SecureServer() {
    server.reset();
    ::unlink(certificate_path.c_str());
  }
  void serve(Peer &peer) const {
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), peer.impl()->sockfd());
    if (SSL_accept(ssl.get()) != 1) return;
    char buffer[4096];
    while (SSL_read(ssl.get(), buffer, sizeof buffer) > 0) {
      const std::string body(100'000, 's');
      const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      SSL_write(ssl.get(), text.data(), static_cast<int>(text.size()));
    }
  }
  [[nodiscard]] std::string url(const char *host) const {
    return std::string("https://") + host + ":" + std::to_string(server->port()) + "/x";
  }
};

} // namespace

TEST_CASE("a Panel with TLS must show a certificate that is trusted and its own") {
  const SecureServer secure;
  StopSignal stop;
  const auto ask = [&](const char *host, bool verify) {
    Exchanger exchanger(verify, 1024 * 1024, stop);
    std::string said;
    for (int i = 0; i < 2; ++i) { // the second over the kept connection
      const auto answer = exchanger.run({"GET", secure.url(host), "", {}}, std::chrono::steady_clock::now() + 5s);
      said = answer ? std::to_string(answer->status) + " " + std::to_string(answer->body.size()) : answer.error().text;
    }
    return said;
  };
  CHECK(ask("localhost", true).find("its certificate is not accepted: self-signed certificate") != std::string::npos);
  CHECK(ask("localhost", false) == "200 100000");
  ::setenv("SSL_CERT_FILE", secure.certificate_path.c_str(), 1);
  CHECK(ask("localhost", true) == "200 100000");
  CHECK(ask("127.0.0.1", true).find("its certificate is not accepted: IP address mismatch") != std::string::npos);
  ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("a server that speaks no TLS is told from one that does") {
  const BareServer server([](Peer &peer) {
    BareServer::write(peer, "HTTP/1.1 400 Bad Request\r\n\r\n");
    BareServer::drain(peer);
  });
  Fixture f;
  const auto answer = f.run("https://localhost:" + std::to_string(server.port()));
  REQUIRE(!answer);
  CHECK(answer.error().code == Code::io);
}

TEST_CASE("a page of the list is split into its entries") {
  std::vector<std::string> entries;
  const auto numbers = readListPage(
      R"( {"meta":{"last_page":3,"current_page":2,"from":null},"data":[{"a":"]}\"{"},5, [1,{}] ],"links":{}} )",
      [&](const std::string &entry) { entries.push_back(entry); });
  REQUIRE(numbers);
  CHECK(numbers->current == 2);
  CHECK(numbers->last == 3);
  CHECK(entries == std::vector<std::string>{R"({"a":"]}\"{"})", "5", "[1,{}]"});
  CHECK(entryUuid(R"({"x":1,"uuid":"u"})") == "u");
  CHECK(entryUuid("5").empty());
}
