#include "http/route_exchange.hpp"

#include "http/answer.hpp"
#include "http/front_core.hpp"
#include "http/handshake.hpp"
#include "http/socket.hpp"
#include "http/text.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace pinion::core::http {
namespace {

// The text after "prefix:", when that is what `name` is.
std::optional<std::string_view> after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  return name.substr(prefix.size());
}

std::string chunkHeader(std::size_t size) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

} // namespace

RouteExchange::RouteExchange(std::shared_ptr<FrontCore> front, std::shared_ptr<Hub> hub,
                             std::shared_ptr<Transaction> transaction, RequestFacts facts, UpgradeTo upgrade)
    : front_(std::move(front)), hub_(std::move(hub)), transaction_(std::move(transaction)), facts_(std::move(facts)),
      upgrade_(std::move(upgrade)) {}

RouteExchange::~RouteExchange() {
  if (answer_.stage == Stage::fresh || answer_.stage == Stage::headed)
    (void)fail(Code::internal, "");
  else if (answer_.stage == Stage::sending)
    transaction_->abort();
}

std::chrono::milliseconds RouteExchange::sendDeadline() const { return front_->options.idle_timeout; }

std::optional<std::string> RouteExchange::claim(std::string_view name) const {
  const auto claims = nlohmann::json::parse(facts_.claims, nullptr, false);
  if (!claims.is_object()) return std::nullopt;
  const auto found = claims.find(std::string(name));
  if (found == claims.end()) return std::nullopt;
  return found->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<std::string> RouteExchange::field(std::string_view name) const {
  if (name == "method") return facts_.head.method;
  if (name == "path") return facts_.head.target.path;
  if (name == "ip") return facts_.ip;
  if (name == "request-id") return facts_.request_id;
  if (name == "claims") return facts_.claims.empty() ? std::nullopt : std::optional(facts_.claims);
  if (const auto key = after(name, "claim:")) return claim(*key);
  if (const auto key = after(name, "query:")) return queryValue(facts_.head.target.query, *key);
  if (const auto key = after(name, "header:")) {
    const auto *value = facts_.head.find(*key);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  if (const auto key = after(name, "path:"))
    for (const auto &[parameter, value] : facts_.parameters)
      if (parameter == *key) return value;
  return std::nullopt;
}

std::int64_t RouteExchange::readBody(void *buffer, std::size_t capacity) {
  // Time is lent by the byte, as for buffered bodies: a client that trickles must not keep the handler's thread.
  const auto most = front_->options.body_timeout;
  const auto lent = most + std::chrono::seconds(body_read_.load() / kBodyRate) - body_waited_.load();
  if (lent <= Clock::duration::zero()) return static_cast<int>(Code::timeout);
  const auto begun = Clock::now();
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min<Clock::duration>(lent, most));
  const auto got = transaction_->read(buffer, capacity, wait);
  body_waited_ = body_waited_.load() + (Clock::now() - begun);
  if (got > 0) body_read_ += static_cast<std::uint64_t>(got);
  return got;
}

Code RouteExchange::head(std::uint32_t status, const Headers &headers) {
  const std::lock_guard lock(mutex_);
  if (answer_.stage != Stage::fresh || status < 200 || status > 599) return Code::invalid;
  Answer next;
  next.stage = Stage::headed;
  next.status = static_cast<int>(status);
  for (const auto &[name, value] : headers) {
    if (!isToken(name) || !isFieldValue(value)) return Code::invalid;
    // How the body is framed is ours to say.
    if (equalsIgnoringCase(name, "Transfer-Encoding") || equalsIgnoringCase(name, "Connection")) return Code::invalid;
    if (!equalsIgnoringCase(name, "Content-Length")) {
      next.headers.emplace_back(name, value);
      continue;
    }
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), next.declared);
    if (next.has_length || value.empty() || parsed.ec != std::errc() || parsed.ptr != value.data() + value.size())
      return Code::invalid;
    next.has_length = true;
  }
  answer_ = std::move(next);
  return Code::ok;
}

// Decides how the body is framed; the head's text.
std::string RouteExchange::startBody(Answer &answer, bool length_known, std::uint64_t length) {
  const auto &request = facts_.head;
  const bool head_only = request.method == "HEAD";
  answer.stage = Stage::sending;
  answer.bodiless = head_only || !statusHasBody(answer.status);
  if (!answer.has_length && length_known) {
    answer.has_length = true;
    answer.declared = length;
  }
  AnswerHead head;
  head.status = answer.status;
  head.common = facts_.common;
  head.headers = &answer.headers;
  if (statusHasBody(answer.status)) {
    if (answer.has_length)
      head.content_length = answer.declared;
    else
      head.chunked = request.minor == 1;
  }
  answer.chunked = head.chunked && !answer.bodiless;
  const bool ends_by_closing = !answer.bodiless && !answer.has_length && !answer.chunked;
  answer.close = !request.keep_alive || ends_by_closing || front_->stopping.load() || !transaction_->bodyComplete();
  head.close = answer.close;
  head.keep_alive_1_0 = request.minor == 0;
  std::string out;
  out.reserve(1024);
  appendHead(out, head);
  return out;
}

Code RouteExchange::send(std::string_view bytes) {
  std::string start;
  std::string_view body = bytes;
  bool chunked = false, too_long = false;
  {
    const std::lock_guard lock(mutex_);
    if (answer_.stage == Stage::over) return Code::invalid;
    if (answer_.stage != Stage::sending) start = startBody(answer_, false, 0);
    if (answer_.bodiless) body = {};
    if (answer_.has_length && !answer_.bodiless) {
      const std::uint64_t left = answer_.declared - answer_.sent;
      too_long = body.size() > left;
      body = body.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, body.size())));
      answer_.sent += body.size();
    }
    chunked = answer_.chunked && !body.empty();
  }
  const auto pace = hub_->inLoop() ? Transaction::Pace::enqueue : Transaction::Pace::wait;
  const auto code = chunked ? transaction_->write({start, chunkHeader(body.size()), body, "\r\n"}, pace, sendDeadline())
                            : transaction_->write({start, body}, pace, sendDeadline());
  if (code != Code::ok) return code;
  return too_long ? Code::invalid : Code::ok;
}

Code RouteExchange::finish(std::string_view rest) {
  std::string start;
  bool chunked = false, close = false, short_of = false, too_long = false;
  {
    const std::lock_guard lock(mutex_);
    if (answer_.stage == Stage::over) return Code::invalid;
    if (answer_.stage != Stage::sending) start = startBody(answer_, true, rest.size());
    if (answer_.bodiless) rest = {};
    if (answer_.has_length && !answer_.bodiless) {
      const std::uint64_t left = answer_.declared - answer_.sent;
      too_long = rest.size() > left;
      short_of = rest.size() < left;
      rest = rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, rest.size())));
    }
    answer_.stage = Stage::over;
    chunked = answer_.chunked;
    close = answer_.close;
  }
  constexpr auto kPace = Transaction::Pace::enqueue; // the last piece is ours to keep, not the caller's
  Code code = Code::ok;
  if (chunked && !rest.empty())
    code = transaction_->write({start, chunkHeader(rest.size()), rest, "\r\n0\r\n\r\n"}, kPace, sendDeadline());
  else
    code = transaction_->write({start, rest, chunked ? "0\r\n\r\n" : ""}, kPace, sendDeadline());
  if (short_of) {
    transaction_->abort(); // less than was promised: only a broken connection says so
    return code == Code::ok ? Code::invalid : code;
  }
  transaction_->finish(close);
  if (code != Code::ok) return code;
  return too_long ? Code::invalid : Code::ok;
}

Code RouteExchange::sendFile(int file, std::uint64_t offset, std::uint64_t length) {
  constexpr std::uint64_t kMost = INT64_MAX; // of an offset in a file
  if (offset > kMost || length > kMost - offset) return Code::invalid;
  FileBody body{UniqueFd(::fcntl(file, F_DUPFD_CLOEXEC, 0)), offset, length};
  if (!body.file) return errno == EBADF ? Code::invalid : Code::busy;
  std::string start;
  bool close = false, bodiless = false;
  {
    const std::lock_guard lock(mutex_);
    if (answer_.stage != Stage::headed || !answer_.has_length || answer_.declared != length) return Code::invalid;
    start = startBody(answer_, true, length);
    answer_.stage = Stage::over;
    close = answer_.close;
    bodiless = answer_.bodiless || length == 0;
  }
  const auto code = transaction_->write({start}, Transaction::Pace::enqueue, sendDeadline());
  if (bodiless)
    transaction_->finish(close);
  else
    transaction_->finishWithFile(std::move(body), close);
  return code;
}

Code RouteExchange::answerWhole(int status, Headers headers, std::string_view body) {
  {
    const std::lock_guard lock(mutex_);
    if (answer_.stage == Stage::sending || answer_.stage == Stage::over) return Code::invalid;
    answer_ = Answer();
    answer_.stage = Stage::headed;
    answer_.status = status;
    answer_.headers = std::move(headers);
  }
  return finish(body);
}

Code RouteExchange::fail(Code code, std::string_view text) {
  const auto failure = failureOf(code, text);
  return answerWhole(failure.status, {{"Content-Type", std::string(failure.content_type)}},
                     errorBody(failure.text, facts_.request_id));
}

void RouteExchange::handlerFailed() { (void)answerWhole(500, {}, ""); }

Result<std::uint64_t> RouteExchange::accept(const SocketOptions &given, OnFrame on_frame) {
  auto checked = checkUpgrade(facts_.head, front_->hooks.websocket_origin_allowed);
  if (const auto *refusal = std::get_if<UpgradeRefusal>(&checked)) {
    // Two bodies in one, as the Panel's daemon sends it (contract websocket.md 1).
    const auto body = std::string(reasonPhrase(refusal->status)) + "\n" + errorBody(kGenericError, facts_.request_id);
    (void)answerWhole(
        refusal->status,
        {{"Sec-Websocket-Version", "13"}, {"X-Content-Type-Options", "nosniff"}, {"Content-Type", std::string(kText)}},
        body);
    return Error{Code::invalid, "the WebSocket handshake was refused: " + refusal->reason};
  }
  {
    const std::lock_guard lock(mutex_);
    if (answer_.stage != Stage::fresh) return Error{Code::invalid, "the request has an answer already"};
    answer_.stage = Stage::over;
  }
  SocketOptions options = given;
  const SocketOptions defaults;
  if (options.max_wire_bytes == 0) options.max_wire_bytes = defaults.max_wire_bytes;
  if (options.max_message_bytes == 0) options.max_message_bytes = defaults.max_message_bytes;
  if (options.queue_bytes == 0) options.queue_bytes = defaults.queue_bytes;
  if (options.write_timeout.count() == 0) options.write_timeout = defaults.write_timeout;
  auto &upgrade = std::get<Upgrade>(checked);
  const auto id = front_->newSocketId(*hub_);
  const auto socket =
      std::make_shared<Socket>(front_, hub_, id, options, upgrade.deflate, std::move(on_frame), upgrade.answer);
  hub_->addSocket(id, socket); // frames may be queued from now on; the handshake's answer is the first of them
  if (!upgrade_(socket)) {
    hub_->removeSocket(id);
    transaction_->abort();
    return Error{Code::cancelled, "the client went before the WebSocket was open"};
  }
  return id;
}

} // namespace pinion::core::http
