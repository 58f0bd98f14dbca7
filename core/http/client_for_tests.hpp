// A front on loopback, and clients that send exactly what a test says. Only for *_test.cpp files.
#pragma once

#include "http/front.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <map>
#include <string>

namespace pinion::core::testing {

// A running front with its threads. Add routes to `front`, then listen().
struct ServedFront {
  static FrontOptions loopback() {
    FrontOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    options.panel_origin = "https://panel";
    return options;
  }
  static FrontHooks hooks() {
    FrontHooks hooks;
    hooks.node_token_matches = [](std::string_view token) { return token == "secret"; };
    hooks.server_exists = [](std::string_view uuid) { return uuid == "known"; };
    hooks.verify_token = [](std::string_view token, std::string_view) -> Result<std::string> {
      if (token == "signed") return std::string(R"({"sub":"x","n":[1,2]})");
      return Error{Code::invalid, "unreadable"};
    };
    hooks.websocket_origin_allowed = [](std::string_view origin) { return origin == "https://panel"; };
    return hooks;
  }
  explicit ServedFront(FrontOptions options = loopback(), FrontHooks given = hooks())
      : loops(2), workers("test-workers", {2, 8, 64}), long_workers("test-long", {1, 4, 16}),
        front(loops, workers, long_workers, std::move(options), std::move(given)) {
    loops.start();
  }
  void route(std::string method, std::string path, AuthKind auth, std::function<void(ExchangePtr)> handler,
             bool stream_body = false) {
    Route route;
    route.method = std::move(method);
    route.path = std::move(path);
    route.auth = auth;
    route.stream_body = stream_body;
    route.handler = std::move(handler);
    REQUIRE(front.addRoute(std::move(route)));
  }
  void listen() { REQUIRE(front.listen()); }
  ~ServedFront() { end(); }
  // Nothing calls back any more. Before what the handlers use goes.
  void end() {
    front.stop(std::chrono::milliseconds(0));
    workers.stop();
    long_workers.stop();
    loops.stop();
  }

  LoopGroup loops;
  Pool workers, long_workers;
  Front front;
};

struct Received {
  int status = 0;
  std::map<std::string, std::string> headers; // names in lower case
  std::string body;
};

// A blocking socket with a deadline on every wait.
class RawClient {
public:
  explicit RawClient(int port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return; // the front has closed: the test sees it in what it receives
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void endSending() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  // Reads once more into `in`. False at the end of the connection.
  bool more() {
    pollfd waiting{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count()));
    if (ready != 1) FAIL("nothing came in time; so far: " << in);
    char buffer[65536];
    const auto got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    in.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  // Exactly `size` bytes, fewer when the connection ended.
  std::string take(std::size_t size) {
    while (in.size() < size && more()) {
    }
    auto out = in.substr(0, size);
    in.erase(0, out.size());
    return out;
  }
  std::string takeThrough(std::string_view end) {
    while (true) {
      if (const auto at = in.find(end); at != std::string::npos) return take(at + end.size());
      if (!more()) return std::exchange(in, {});
    }
  }
  std::string rest() {
    while (more()) {
    }
    return std::exchange(in, {});
  }
  // One answer; its body by Content-Length, chunked, or to the end.
  Received answer(bool head_request = false) {
    Received out;
    const auto head = takeThrough("\r\n\r\n");
    if (head.size() < 12) return out;
    out.status = std::stoi(head.substr(9, 3));
    for (auto at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const auto end = head.find("\r\n", at);
      const auto colon = head.find(": ", at);
      std::string name = head.substr(at, colon - at);
      for (auto &c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      out.headers[name] = head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    if (head_request || out.status == 204 || out.status == 304 || out.status < 200) return out;
    if (out.headers.contains("content-length")) {
      out.body = take(std::stoul(out.headers["content-length"]));
    } else if (out.headers.contains("transfer-encoding")) {
      while (true) {
        const auto size = std::stoul(takeThrough("\r\n"), nullptr, 16);
        const auto piece = take(size + 2);
        if (size == 0) break;
        out.body += piece.substr(0, size);
      }
    } else {
      out.body = rest();
    }
    return out;
  }
  Received ask(const std::string &method, const std::string &path, const std::string &more_lines = "",
               const std::string &body = "") {
    send(method + " " + path + " HTTP/1.1\r\nHost: h\r\n" + more_lines +
         (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
    return answer(method == "HEAD");
  }

  std::string in; // received and not taken

private:
  UniqueFd fd_;
};

inline const std::string kBearer = "Authorization: Bearer secret\r\n";

} // namespace pinion::core::testing
