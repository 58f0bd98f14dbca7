#include "console/terminal.hpp"

#include "console/lines.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JWT/Signer.h>
#include <Poco/JWT/Token.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/WebSocket.h>

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <sstream>

using namespace pinion::core;
using namespace Poco::Net;

namespace {

const std::string token = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string uuid = "11111111-0dc3-4f0e-9a36-68526cabfbcf", other = "22222222-0dc3-4f0e-9a36-68526cabfbcf";

// A daemon with two servers. `script` plays the websocket's other side.
class FakeDaemon : public HTTPRequestHandlerFactory {
public:
  using Script = std::function<void(FakeDaemon &, WebSocket &)>;
  explicit FakeDaemon(Script with) : script(std::move(with)) {}

  HTTPRequestHandler *createRequestHandler(const HTTPServerRequest &) override { return new Handler(*this); }

  // Next message of the client; an empty event when it has gone.
  Message hear(WebSocket &socket) {
    Poco::Buffer<char> buffer(0);
    int flags = 0;
    try {
      const int length = socket.receiveFrame(buffer, flags);
      if (length <= 0 || (flags & WebSocket::FRAME_OP_BITMASK) == WebSocket::FRAME_OP_CLOSE) return {};
    } catch (const Poco::Exception &) {
      return {};
    }
    auto message = decodeMessage(std::string(buffer.begin(), buffer.size()));
    if (!message) return {"(broken)", ""};
    const std::lock_guard lock(mutex);
    heard.push_back(message->event + (message->event == "auth" ? "" : "|" + message->text));
    if (message->event == "auth") last_token = message->text;
    return *message;
  }
  static void tell(WebSocket &socket, const std::string &event, const std::string &text = "") {
    const std::string frame = encodeMessage({event, text}) + "\n";
    socket.sendFrame(frame.data(), static_cast<int>(frame.size()), WebSocket::FRAME_TEXT);
  }
  void admit(WebSocket &socket, const std::string &state = "running") {
    hear(socket);
    tell(socket, "auth success");
    tell(socket, "status", state);
  }

  Script script;
  std::mutex mutex;
  std::vector<std::string> heard;
  std::string last_token, origin, path;

private:
  struct Handler : HTTPRequestHandler {
    explicit Handler(FakeDaemon &owner) : daemon(owner) {}
    void handleRequest(HTTPServerRequest &request, HTTPServerResponse &response) override {
      if (request.getURI() == "/api/servers") return list(request, response);
      {
        const std::lock_guard lock(daemon.mutex);
        daemon.origin = request.get("Origin", "");
        daemon.path = request.getURI();
      }
      if (!daemon.script) {
        response.setStatusAndReason(HTTPResponse::HTTP_FORBIDDEN);
        response.setContentLength(0);
        response.send();
        return;
      }
      try {
        WebSocket socket(request, response);
        socket.setReceiveTimeout(Poco::Timespan(10, 0));
        daemon.script(daemon, socket);
      } catch (const Poco::Exception &) { // the client went first
      }
    }
    static void list(HTTPServerRequest &request, HTTPServerResponse &response) {
      std::string body = "[{\"configuration\":{\"uuid\":\"" + uuid +
                         R"(","meta":{"name":"demo"}}},{"configuration":{"uuid":")" + other +
                         R"(","meta":{"name":"Survival"}}}])";
      if (request.get("Authorization", "") != "Bearer " + token) {
        response.setStatus(HTTPResponse::HTTP_FORBIDDEN);
        body = "{}";
      }
      response.setContentLength(static_cast<std::streamsize>(body.size()));
      response.send() << body;
    }
    FakeDaemon &daemon;
  };
};

class Stage {
public:
  explicit Stage(FakeDaemon::Script script, std::unique_ptr<ServerSocket> secure = nullptr)
      : daemon(new FakeDaemon(std::move(script))),
        socket(secure ? std::move(secure) : std::make_unique<ServerSocket>(SocketAddress("127.0.0.1", 0))),
        server(daemon, *socket, new HTTPServerParams) {
    char pattern[] = "/tmp/pinion-console-XXXXXX";
    folder = ::mkdtemp(pattern);
    configure("allowed_origins: [\"pinion://console\"]\n");
    server.start();
    REQUIRE(::pipe(input) == 0);
  }
  ~Stage() {
    server.stopAll(true);
    for (const int end : input)
      if (end >= 0) ::close(end);
    std::filesystem::remove_all(folder);
  }
  void configure(const std::string &more, const std::string &with_token = token) const {
    std::ofstream(folder + "/config.yml") << "token_id: 0123456789abcdef\ntoken: " << with_token
                                          << "\napi:\n  host: 0.0.0.0\n  port: " << socket->address().port() << "\n"
                                          << more;
  }
  void type(const std::string &text) { REQUIRE(::write(input[1], text.data(), text.size()) > 0); }
  void endInput() { ::close(std::exchange(input[1], -1)); }
  int run(const std::string &name = "demo", bool once = false, bool ansi = false) {
    return runTerminal({folder + "/config.yml", name, once}, {input[0], out, err, ansi});
  }
  std::vector<std::string> heard() {
    const std::lock_guard lock(daemon->mutex);
    return daemon->heard;
  }

  FakeDaemon *daemon; // the server's
  std::unique_ptr<ServerSocket> socket;
  HTTPServer server;
  std::string folder;
  int input[2] = {-1, -1};
  std::ostringstream out, err;
};

// Answers commands until the client goes.
void play(FakeDaemon &daemon, WebSocket &socket) {
  daemon.admit(socket);
  for (Message message = daemon.hear(socket); !message.event.empty(); message = daemon.hear(socket)) {
    if (message.event == "send command")
      FakeDaemon::tell(socket, "console output", "\x1b[31myou said " + message.text + "\x1b[0m");
    if (message.event == "send logs") FakeDaemon::tell(socket, "console output", "an old line");
    if (message.event == "send stats")
      FakeDaemon::tell(socket, "stats", R"({"state":"running","uptime":5000,"memory_bytes":1024})");
    if (message.event == "set state") FakeDaemon::tell(socket, "status", "stopping");
  }
}

} // namespace

TEST_CASE("lines go in and come out, and the client's own words do their work") {
  Stage stage(play);
  stage.type("hello\n.stats\n.stop\n.nonsense\n.quit\n");
  CHECK(stage.run() == 0);
  CHECK(stage.heard() ==
        std::vector<std::string>{"auth", "send logs|", "send command|hello", "send stats|", "set state|stop"});
  CHECK(stage.daemon->path == "/api/servers/" + uuid + "/ws");
  CHECK(stage.daemon->origin == "pinion://console");
  CHECK_THAT(stage.err.str(), Catch::Contains("console of demo (11111111)"));
  CHECK_THAT(stage.err.str(), Catch::Contains("the server is running"));
  CHECK_THAT(stage.err.str(), Catch::Contains("\".nonsense\" is no word of mine"));
}

TEST_CASE("once sends what it is given, prints the answers without history, and leaves when it is quiet") {
  Stage stage(play);
  stage.type("one\n.stats\ntwo");
  stage.endInput();
  CHECK(stage.run("1111"
                  "1111",
                  true) == 0);
  CHECK(stage.out.str() == "you said one\nrunning, up 5s | memory 1.0 KiB | cpu 0.0 % | disk 0 B\nyou said two\n");
  CHECK(stage.err.str().empty());
}

TEST_CASE("escape sequences pass to a terminal") {
  Stage stage(play);
  stage.type("one\n");
  stage.endInput();
  CHECK(stage.run(uuid, true, true) == 0);
  CHECK(stage.out.str() == "\x1b[31myou said one\x1b[0m\n");
}

TEST_CASE("the token is signed for this server's console") {
  Stage stage(play);
  stage.endInput();
  CHECK(stage.run("DEMO", true) == 0);
  Poco::JWT::Signer signer(token);
  const auto jwt = signer.verify(stage.daemon->last_token);
  const auto &claims = jwt.payload();
  CHECK(claims.getValue<std::string>("server_uuid") == uuid);
  CHECK(claims.getValue<std::string>("scope") == "websocket");
  CHECK(claims.getArray("permissions")->getElement<std::string>(0) == "*");
  const double now = static_cast<double>(::time(nullptr));
  CHECK(claims.getValue<double>("iat") == Approx(now).margin(30));
  CHECK(claims.getValue<double>("exp") == Approx(now + 600).margin(30));
  CHECK(claims.getValue<std::string>("user_uuid").size() == 36);
}

TEST_CASE("a token that expires is renewed") {
  Stage stage([](FakeDaemon &daemon, WebSocket &socket) {
    daemon.admit(socket);
    for (const char *notice : {"token expiring", "token expired"}) {
      FakeDaemon::tell(socket, notice);
      if (daemon.hear(socket).event == "send logs") daemon.hear(socket);
      FakeDaemon::tell(socket, "auth success");
    }
    FakeDaemon::tell(socket, "jwt error", "jwt: exp claim is invalid");
    daemon.hear(socket);
    FakeDaemon::tell(socket, "deleted", "null");
    daemon.hear(socket);
  });
  CHECK(stage.run() == 0);
  CHECK(stage.heard() == std::vector<std::string>{"auth", "send logs|", "auth", "auth", "auth"});
  CHECK_THAT(stage.err.str(), Catch::Contains("the server was deleted"));
}

TEST_CASE("a command to an offline server is not lost in silence") {
  Stage stage([](FakeDaemon &daemon, WebSocket &socket) {
    daemon.admit(socket, "offline");
    while (!daemon.hear(socket).event.empty()) {
    }
  });
  stage.type("hello\n");
  stage.endInput();
  CHECK(stage.run("demo", true) == 0);
  CHECK(stage.heard() == std::vector<std::string>{"auth"});
  CHECK_THAT(stage.err.str(), Catch::Contains("the server is offline; .start starts it"));
}

TEST_CASE("a daemon that refuses the sign-in is heard") {
  Stage stage([](FakeDaemon &daemon, WebSocket &socket) {
    daemon.hear(socket);
    FakeDaemon::tell(socket, "jwt error", "Error Event [x]: jwt: missing connect permission");
    daemon.hear(socket);
  });
  CHECK(stage.run() == 1);
  CHECK_THAT(stage.err.str(), Catch::Contains("jwt: missing connect permission"));
}

TEST_CASE("a lost and a closed connection are told apart") {
  Stage lost([](FakeDaemon &daemon, WebSocket &socket) {
    daemon.admit(socket);
    socket.impl()->close();
  });
  CHECK(lost.run() == 1);
  CHECK_THAT(lost.err.str(), Catch::Contains("lost"));
  Stage closed([](FakeDaemon &daemon, WebSocket &socket) {
    daemon.admit(socket);
    socket.shutdown(4409, "server is suspended");
    daemon.hear(socket);
  });
  CHECK(closed.run() == 1);
  CHECK_THAT(closed.err.str(), Catch::Contains("the daemon closed the connection: server is suspended (4409)"));
}

TEST_CASE("a ping is answered") {
  std::atomic<bool> ponged{false};
  Stage stage([&](FakeDaemon &daemon, WebSocket &socket) {
    daemon.admit(socket);
    socket.sendFrame("abc", 3, int{WebSocket::FRAME_FLAG_FIN} | WebSocket::FRAME_OP_PING);
    for (int i = 0; i < 3 && !ponged; ++i) {
      char bytes[256];
      int flags = 0;
      const int length = socket.receiveFrame(bytes, sizeof bytes, flags);
      ponged = (flags & WebSocket::FRAME_OP_BITMASK) == WebSocket::FRAME_OP_PONG &&
               std::string(bytes, static_cast<std::size_t>(length)) == "abc";
    }
    FakeDaemon::tell(socket, "deleted", "null");
    daemon.hear(socket);
  });
  CHECK(stage.run() == 0);
  CHECK(ponged);
}

TEST_CASE("a server that is not there is answered with those that are") {
  Stage stage(play);
  CHECK(stage.run("creative") == 1);
  CHECK_THAT(stage.err.str(), Catch::Contains("there is no server \"creative\"") && Catch::Contains("11111111  demo") &&
                                  Catch::Contains("22222222  Survival"));
}

TEST_CASE("a name that several servers have is not guessed") {
  const std::vector<ServerName> servers = {{uuid, "a"}, {other, "A"}};
  CHECK(pickServer(servers, "a").error().code == Code::invalid);
  CHECK(pickServer(servers, "22222222")->uuid == other);
  CHECK(pickServer(servers, uuid)->uuid == uuid);
  CHECK(pickServer({}, "a").error().code == Code::notFound);
  CHECK_FALSE(decodeServers("{}"));
  CHECK_FALSE(decodeServers("[{}]"));
  CHECK_FALSE(decodeServers("nonsense"));
}

TEST_CASE("what stands in the way is said with the next step") {
  Stage stage(nullptr);
  CHECK(stage.run() == 1);
  CHECK_THAT(stage.err.str(), Catch::Contains("lets no console in; add to"));
  stage.configure("allowed_origins: [\"pinion://console\"]\n", "another");
  CHECK(stage.run() == 1);
  CHECK_THAT(stage.err.str(), Catch::Contains("does not take this configuration's token"));
  stage.configure("");
  CHECK(stage.run() == 1);
  CHECK_THAT(stage.err.str(), Catch::Contains("allowed_origins: [\"pinion://console\"]"));
  const std::string port = std::to_string(stage.socket->address().port());
  stage.configure("remote: https://panel.example.com\n");
  stage.server.stopAll(true);
  stage.socket->close();
  CHECK(stage.run() == 1);
  CHECK_THAT(stage.err.str(),
             Catch::Contains("no daemon answers at 127.0.0.1:" + port) && Catch::Contains("is pinion running?"));
  CHECK(runTerminal({"/nonexistent/config.yml", "demo", false}, {stage.input[0], stage.out, stage.err, false}) == 1);
  CHECK_THAT(stage.err.str(), Catch::Contains("/nonexistent/config.yml"));
}

TEST_CASE("over TLS only the daemon with the configured certificate is trusted") {
  char place[] = "/tmp/pinion-console-tls-XXXXXX";
  REQUIRE(::mkdtemp(place) != nullptr);
  const std::string folder = place;
  for (const std::string name : {"ours", "theirs"})
    REQUIRE(
        std::system(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=node."
                     "example.com -keyout " +
                     folder + "/" + name + ".key -out " + folder + "/" + name + ".pem 2>/dev/null")
                        .c_str()) == 0);
  const Context::Ptr context(
      new Context(Context::TLS_SERVER_USE, folder + "/ours.key", folder + "/ours.pem", "", Context::VERIFY_NONE));
  Stage stage(play, std::make_unique<SecureServerSocket>(SocketAddress("127.0.0.1", 0), 16, context));
  const auto configure = [&](const std::string &name) {
    std::ofstream(stage.folder + "/config.yml")
        << "token_id: 0123456789abcdef\ntoken: " << token
        << "\nallowed_origins: [\"*\"]\napi:\n  host: 127.0.0.1\n  port: " << stage.socket->address().port()
        << "\n  ssl:\n    enabled: true\n    cert: " << folder << "/" << name << ".pem\n    key: " << folder << "/"
        << name << ".key\n";
  };
  configure("theirs");
  CHECK(stage.run() == 1);
  CHECK_THAT(stage.err.str(), Catch::Contains("shows another certificate"));
  CHECK(stage.heard().empty());
  configure("ours");
  stage.type("over tls\n");
  stage.endInput();
  stage.err.str("");
  CHECK(stage.run("demo", true) == 0);
  CHECK(stage.err.str() == "");
  CHECK(stage.out.str() == "you said over tls\n");
  std::filesystem::remove_all(folder);
}
