#include "console/terminal.hpp"

#include "console/lines.hpp"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>

namespace pinion::core {

namespace {

using namespace Poco::Net;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds auth_deadline{10}, state_deadline{3}, quiet_for{1};
const Poco::Timespan goodbye_timeout(1, 0);
constexpr std::size_t max_waiting_lines = 64; // then the input is not read until some are sent
constexpr std::size_t max_line = 8192;
constexpr int max_message = 4 << 20;
// Inside what the daemon takes from one socket (contract websocket.md 4.1): ten at once, then one a second.
constexpr double burst = 8, commands_per_second = 1;

class Session {
public:
  Session(const ConsoleOptions &options, const TerminalEnds &ends, const Node &node, const ServerName &server,
          WebSocket &socket)
      : options_(options), ends_(ends), node_(node), server_(server), socket_(socket), last_output_(Clock::now()) {}

  int run() {
    signIn();
    phase_until_ = Clock::now() + auth_deadline;
    while (!code_) {
      if (!waitForSomething()) break;
      act();
    }
    if (!gone_) leave();
    return code_.value_or(1);
  }

private:
  // auth: nothing but the token was sent; state: the daemon tells whether the server runs; open: lines go.
  enum class Phase { auth, state, open };

  void end(int code) {
    if (!code_) code_ = code;
  }

  // Says goodbye and waits for the answer: to close with unread bytes would throw away what was sent last.
  void leave() {
    socket_.setReceiveTimeout(goodbye_timeout);
    try {
      socket_.shutdown();
      Poco::Buffer<char> ignored(0);
      const auto until = Clock::now() + std::chrono::seconds(1);
      for (int flags = 0; Clock::now() < until; ignored.resize(0)) {
        const int length = socket_.receiveFrame(ignored, flags);
        if (length <= 0 || (flags & WebSocket::FRAME_OP_BITMASK) == WebSocket::FRAME_OP_CLOSE) return;
      }
    } catch (const Poco::Exception &) { // gone without a word: that is fine too
    }
  }

  void note(const std::string &text) { ends_.err << "[pinion] " << text << std::endl; }

  void show(const std::string &text) {
    ends_.out << (ends_.ansi ? text : withoutAnsi(text)) << '\n' << std::flush;
    last_output_ = Clock::now();
    if (!ends_.out) end(1); // nobody reads any more
  }

  void send(const Message &message) {
    const std::string frame = encodeMessage(message);
    socket_.sendFrame(frame.data(), static_cast<int>(frame.size()), WebSocket::FRAME_TEXT);
  }

  // Until a side has something, or a time has come. False when the input cannot be waited for.
  bool waitForSomething() {
    if (socket_.available() > 0) {
      receive();
      return true;
    }
    const bool reads = !input_ended_ && phase_ == Phase::open && waiting_.size() < max_waiting_lines;
    pollfd ready[2] = {{socket_.impl()->sockfd(), POLLIN, 0}, {reads ? ends_.input : -1, POLLIN, 0}};
    const auto now = Clock::now();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(nextTime(now) - now).count() + 1;
    const int count = ::poll(ready, 2, static_cast<int>(std::clamp<long long>(left, 0, 60000)));
    if (count < 0 && errno != EINTR) {
      note(std::string("poll: ") + std::strerror(errno));
      return false;
    }
    if (count > 0 && ready[0].revents != 0) receive();
    if (count > 0 && ready[1].revents != 0) readInput();
    return true;
  }

  [[nodiscard]] Clock::time_point nextTime(Clock::time_point now) const {
    auto next = now + std::chrono::seconds(30);
    if (phase_ != Phase::open) next = std::min(next, phase_until_);
    if (phase_ == Phase::open && !waiting_.empty())
      next = std::min(next, now + std::chrono::milliseconds(tokens_ >= 1 ? 0 : 200));
    if (input_ended_ && options_.once) next = std::min(next, last_output_ + quiet_for);
    return next;
  }

  // What is due now.
  void act() {
    const auto now = Clock::now();
    tokens_ = std::min(burst, tokens_ + commands_per_second * std::chrono::duration<double>(now - refilled_).count());
    refilled_ = now;
    if (phase_ == Phase::auth && now >= phase_until_) {
      note("the daemon does not answer the sign-in");
      return end(1);
    }
    if (phase_ == Phase::state && now >= phase_until_) phase_ = Phase::open; // an older daemon: go on without
    if (phase_ != Phase::open) return;
    while (!waiting_.empty() && tokens_ >= 1 && !code_) {
      const Typed typed = std::move(waiting_.front());
      waiting_.pop_front();
      perform(typed);
    }
    if (!input_ended_ || !waiting_.empty()) return;
    if (!options_.once || Clock::now() - last_output_ >= quiet_for) end(0);
  }

  void perform(const Typed &typed) {
    switch (typed.kind) {
    case Typed::Kind::nothing: return;
    case Typed::Kind::help: return note(typedHelp());
    case Typed::Kind::quit: return end(0);
    case Typed::Kind::unknown: return note("\"" + typed.text + "\" is no word of mine. " + typedHelp());
    case Typed::Kind::command:
      if (state_ == "offline") return note("the server is offline; .start starts it");
      send({"send command", typed.text});
      break;
    case Typed::Kind::power: send({"set state", typed.text}); break;
    case Typed::Kind::stats:
      wants_figures_ = true;
      send({"send stats", ""});
      break;
    }
    tokens_ -= 1;
    last_output_ = Clock::now(); // the answer may take its second
  }

  void readInput() {
    char block[4096];
    const ssize_t got = ::read(ends_.input, block, sizeof block);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) {
      if (!partial_.empty()) waiting_.push_back(readTyped(std::exchange(partial_, {})));
      input_ended_ = true;
      last_output_ = Clock::now();
      return;
    }
    for (const char c : std::string_view(block, static_cast<std::size_t>(got))) {
      if (c == '\n')
        waiting_.push_back(readTyped(std::exchange(partial_, {})));
      else if (partial_.size() < max_line)
        partial_ += c;
    }
  }

  void receive() {
    Poco::Buffer<char> buffer(0);
    int flags = 0;
    const int length = socket_.receiveFrame(buffer, flags);
    const int opcode = flags & WebSocket::FRAME_OP_BITMASK;
    if (length <= 0 && flags == 0) {
      gone_ = true;
      note("the connection was lost");
      return end(1);
    }
    if (opcode == WebSocket::FRAME_OP_PING) {
      socket_.sendFrame(buffer.begin(), length, int{WebSocket::FRAME_FLAG_FIN} | WebSocket::FRAME_OP_PONG);
      return;
    }
    if (opcode == WebSocket::FRAME_OP_CLOSE) return closed(buffer, length);
    if (opcode != WebSocket::FRAME_OP_TEXT && opcode != WebSocket::FRAME_OP_CONT) return;
    frame_.append(buffer.begin(), static_cast<std::size_t>(length));
    if (frame_.size() > static_cast<std::size_t>(max_message)) {
      note("the daemon sent a message that does not end");
      return end(1);
    }
    if ((flags & WebSocket::FRAME_FLAG_FIN) == 0) return;
    const auto message = decodeMessage(std::exchange(frame_, {}));
    if (message)
      hear(*message);
    else
      note(message.error().text);
  }

  void closed(const Poco::Buffer<char> &payload, int length) {
    gone_ = true;
    int code = 1005;
    std::string reason;
    if (length >= 2) {
      code = static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
      reason.assign(payload.begin() + 2, static_cast<std::size_t>(length - 2));
    }
    if (code == 1001 && deleted_) return end(0);
    note("the daemon closed the connection" + (reason.empty() ? "" : ": " + withoutAnsi(reason)) + " (" +
         std::to_string(code) + ")");
    end(1);
  }

  void signIn() { send({"auth", node_.websocketToken(server_.uuid, std::chrono::system_clock::now())}); }

  void hear(const Message &message) {
    const std::string &event = message.event;
    if (event == "console output" || event == "install output" || event == "daemon message" || event == "transfer logs")
      return show(message.text);
    if (event == "auth success") return signedIn();
    if (event == "status") return heardState(message.text);
    if (event == "stats") return heardFigures(message.text);
    if (event == "token expiring" || event == "token expired") return signIn();
    if (event == "jwt error" || event == "daemon error") return heardError(message);
    if (event == "throttled") return note("the daemon takes no more for the moment (" + message.text + ")");
    if (event == "deleted") {
      deleted_ = true;
      note("the server was deleted");
      return end(0);
    }
    if (event == "install started") return note("the installation has begun");
    if (event == "install completed") return note("the installation has ended");
  }

  void signedIn() {
    if (phase_ != Phase::auth) return; // a token was renewed
    phase_ = Phase::state;
    phase_until_ = Clock::now() + state_deadline;
    if (options_.once) return; // a script wants the answer to what it sends, not what went before
    note("console of " + server_.name + " (" + server_.uuid.substr(0, 8) + "); .help tells more");
    send({"send logs", ""});
  }

  void heardState(const std::string &state) {
    if (!options_.once || state_ != "") note("the server is " + withoutAnsi(state));
    state_ = state;
    if (phase_ == Phase::state) phase_ = Phase::open;
  }

  void heardFigures(const std::string &json) {
    if (!wants_figures_) return;
    wants_figures_ = false;
    const auto line = formatFigures(json);
    if (line)
      show(*line);
    else
      note(line.error().text);
  }

  void heardError(const Message &message) {
    note(withoutAnsi(message.text));
    if (phase_ == Phase::auth) return end(1);
    if (message.event == "jwt error" && message.text.find("exp claim") != std::string::npos) signIn();
  }

  const ConsoleOptions &options_;
  const TerminalEnds &ends_;
  const Node &node_;
  const ServerName &server_;
  WebSocket &socket_;
  Phase phase_ = Phase::auth;
  Clock::time_point phase_until_, last_output_, refilled_ = Clock::now();
  double tokens_ = burst;
  std::deque<Typed> waiting_;
  std::string partial_, frame_, state_;
  bool input_ended_ = false, wants_figures_ = false, deleted_ = false, gone_ = false;
  std::optional<int> code_;
};

Result<int> converse(const ConsoleOptions &options, const TerminalEnds &ends) {
  auto config = ConfigStore::load(options.config_path);
  if (!config) return config.error();
  const auto node = Node::of(*(*config)->get());
  if (!node) return Error{node.error().code, options.config_path + ": " + node.error().text};
  const auto servers = node->servers();
  if (!servers) return servers.error();
  const auto server = pickServer(*servers, options.server);
  if (!server) return server.error();
  HTTPResponse response;
  try {
    const auto session = node->connect();
    HTTPRequest request(HTTPRequest::HTTP_GET, "/api/servers/" + server->uuid + "/ws", HTTPRequest::HTTP_1_1);
    request.setHost(node->address());
    request.set("Origin", node->origin());
    WebSocket socket(*session, request, response);
    socket.setMaxPayloadSize(max_message);
    return Session(options, ends, *node, *server, socket).run();
  } catch (const WebSocketException &e) {
    if (response.getStatus() == HTTPResponse::HTTP_FORBIDDEN)
      return Error{Code::denied, std::string("the daemon lets no console in; add to ") + options.config_path +
                                     ": allowed_origins: [\"" + console_origin + "\"], and start it again"};
    return Error{Code::io, "the daemon at " + node->address() + " opens no console: " + e.message()};
  } catch (const Poco::Exception &e) {
    return Error{Code::io, "the connection to the daemon at " + node->address() + " was lost: " + e.displayText()};
  }
}

} // namespace

int runTerminal(const ConsoleOptions &options, const TerminalEnds &ends) {
  const auto code = converse(options, ends);
  if (code) return *code;
  ends.err << "pinion: " << code.error().text << std::endl;
  return 1;
}

} // namespace pinion::core
