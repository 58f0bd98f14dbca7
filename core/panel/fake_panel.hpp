// For tests: a Panel on loopback that answers as it is told and remembers what it was asked.
#pragma once

#include "base/guarded.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pinion::core::panel {

struct Seen {
  std::string method, uri, body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string peer; // the connection's other end
  [[nodiscard]] std::string header(const std::string &name) const {
    for (const auto &[key, value] : headers)
      if (key == name) return value;
    return {};
  }
};

struct Reply {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  bool chunked = false;
};

class FakePanel {
public:
  using Handler = std::function<Reply(const Seen &)>;
  explicit FakePanel(Handler handler) : FakePanel(std::move(handler), Poco::Net::ServerSocket(loopback())) {}
  ~FakePanel() { server_->stopAll(true); }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  [[nodiscard]] std::vector<Seen> seen() const {
    return seen_->with([](const auto &all) { return all; });
  }

private:
  using Log = std::shared_ptr<Guarded<std::vector<Seen>>>;
  static Poco::Net::SocketAddress loopback() { return {"127.0.0.1", 0}; }

  struct OneRequest : Poco::Net::HTTPRequestHandler {
    const Handler &handler;
    Log log;
    OneRequest(const Handler &answer, Log seen) : handler(answer), log(std::move(seen)) {}
    void handleRequest(Poco::Net::HTTPServerRequest &request, Poco::Net::HTTPServerResponse &response) override {
      Seen seen{request.getMethod(),
                request.getURI(),
                {std::istreambuf_iterator<char>(request.stream()), {}},
                {},
                request.clientAddress().toString()};
      for (const auto &[name, value] : request) seen.headers.emplace_back(name, value);
      log->with([&](auto &all) { all.push_back(seen); });
      const Reply reply = handler(seen);
      response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(reply.status));
      for (const auto &[name, value] : reply.headers) response.set(name, value);
      if (reply.chunked)
        response.setChunkedTransferEncoding(true);
      else if (reply.status != 204)
        response.setContentLength64(static_cast<Poco::Int64>(reply.body.size()));
      response.send() << reply.body;
    }
  };
  struct Factory : Poco::Net::HTTPRequestHandlerFactory {
    Handler handler;
    Log log;
    Factory(Handler answer, Log seen) : handler(std::move(answer)), log(std::move(seen)) {}
    Poco::Net::HTTPRequestHandler *createRequestHandler(const Poco::Net::HTTPServerRequest &) override {
      return new OneRequest(handler, log);
    }
  };

  FakePanel(Handler handler, const Poco::Net::ServerSocket &socket) {
    auto *parameters = new Poco::Net::HTTPServerParams; // counted by the server
    parameters->setKeepAlive(true);
    server_ = std::make_unique<Poco::Net::HTTPServer>(new Factory(std::move(handler), seen_), socket, parameters);
    server_->start();
  }

  Log seen_ = std::make_shared<Guarded<std::vector<Seen>>>();
  std::unique_ptr<Poco::Net::HTTPServer> server_;
};

// Serves connections one after another with a function on the bare socket.
class BareServer {
public:
  explicit BareServer(std::function<void(Poco::Net::StreamSocket &)> serve)
      : socket_(Poco::Net::SocketAddress("127.0.0.1", 0)), serve_(std::move(serve)), thread_([this] { run(); }) {}
  ~BareServer() {
    ending_ = true;
    try {
      Poco::Net::StreamSocket wake(socket_.address());
    } catch (const Poco::Exception &) {
    }
    thread_.join();
  }
  [[nodiscard]] int port() const { return socket_.address().port(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] int connections() const { return connections_; }

  // Reads a request's head (and what came with it).
  static std::string readHead(Poco::Net::StreamSocket &peer) {
    std::string head;
    char buffer[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      const int count = peer.receiveBytes(buffer, sizeof buffer);
      if (count <= 0) break;
      head.append(buffer, static_cast<std::size_t>(count));
    }
    return head;
  }
  static void write(Poco::Net::StreamSocket &peer, const std::string &text) {
    peer.sendBytes(text.data(), static_cast<int>(text.size()));
  }
  // Until the other side closes.
  static void drain(Poco::Net::StreamSocket &peer) {
    char buffer[4096];
    while (peer.receiveBytes(buffer, sizeof buffer) > 0) {
    }
  }

private:
  void run() {
    while (!ending_) {
      auto peer = socket_.acceptConnection();
      if (ending_) return;
      ++connections_;
      peer.setReceiveTimeout(Poco::Timespan(10, 0));
      try {
        serve_(peer);
      } catch (const Poco::Exception &) {
        // The client went away: some tests want just that.
      }
    }
  }

  Poco::Net::ServerSocket socket_;
  std::function<void(Poco::Net::StreamSocket &)> serve_;
  std::atomic<bool> ending_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

} // namespace pinion::core::panel
