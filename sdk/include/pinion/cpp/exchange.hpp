// What a callback gets: an event's view, a call's reply, a request with its pending answer.
#pragma once

#include <pinion/cpp/result.hpp>

namespace pinion {
inline namespace v0 {

// An event in a callback: views, valid until the callback returns.
struct EventView {
  std::string_view topic, server, source, payload;
  uint32_t flags = 0;
  int64_t time_ms = 0;
  Json json() const { return Json::parse(payload, nullptr, false); }
};

// A pending answer to a call on an offer. Move-only; destroyed without an answer it answers INTERNAL.
class CallReply {
public:
  CallReply(const pinion_reply_v1 *table, pinion_reply *raw) : table_(table), raw_(raw) { table_->keep(raw_); }
  CallReply(CallReply &&other) noexcept : table_(other.table_), raw_(std::exchange(other.raw_, nullptr)) {}
  CallReply &operator=(CallReply &&) = delete;
  ~CallReply() {
    if (raw_ != nullptr) table_->answer(raw_, PINION_E_INTERNAL, span("the plugin gave no answer"));
  }
  void ok(std::string_view answer = {}) { finish(PINION_OK, answer); }
  void fail(const Error &error) { finish(error.code, error.text); }
  // Nobody waits any more: answered, deadline passed, cancelled, or the daemon is stopping.
  bool cancelled() const { return raw_ == nullptr || table_->cancelled(raw_) != 0; }

private:
  void finish(pinion_status status, std::string_view body) {
    if (raw_ != nullptr) table_->answer(std::exchange(raw_, nullptr), status, span(body));
  }
  const pinion_reply_v1 *table_;
  pinion_reply *raw_;
};

// A request and its pending answer. Move-only; destroyed without an answer it answers 500. Once answered nothing of the
// request can be read any more.
class Exchange {
public:
  Exchange(const pinion_routes_v1 *routes, const pinion_reply_v1 *replies, pinion_request *request, pinion_reply *reply)
      : routes_(routes), replies_(replies), request_(request), reply_(reply) {
    replies_->keep(reply_);
  }
  Exchange(Exchange &&other) noexcept
      : routes_(other.routes_), replies_(other.replies_), request_(other.request_),
        reply_(std::exchange(other.reply_, nullptr)) {}
  Exchange &operator=(Exchange &&) = delete;
  ~Exchange() {
    if (reply_ != nullptr) replies_->answer(reply_, PINION_E_INTERNAL, span(""));
  }

  // nullopt when it was not sent; names as in pinion_routes_v1::field.
  std::optional<std::string> field(const std::string &name) const {
    std::string out;
    const pinion_sink sink{&out, &detail::appendTo};
    if (reply_ == nullptr || routes_->field(request_, name.c_str(), &sink) != PINION_OK) return std::nullopt;
    return out;
  }
  std::string server() const { return field("path:server").value_or(""); }
  std::string query(const std::string &name) const { return field("query:" + name).value_or(""); }

  // The whole (buffered) body.
  std::string body() {
    std::string out;
    char buffer[4096];
    for (int64_t n; (n = readBody(buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
    return out;
  }
  // Bytes read, 0 at the end, or a negative status.
  int64_t readBody(void *buffer, std::size_t capacity) {
    return reply_ == nullptr ? PINION_E_INVALID : routes_->read_body(request_, buffer, capacity);
  }
  bool cancelled() const { return reply_ == nullptr || replies_->cancelled(reply_) != 0; }

  void head(uint32_t status, const Json &headers = {}) {
    if (reply_ == nullptr) return;
    routes_->head(reply_, status, headers.is_object() ? span(detail::dump(headers)) : span(""));
  }
  Result<void> send(std::string_view bytes) {
    if (reply_ == nullptr) return Error{PINION_E_INVALID, "the request was answered before"};
    const pinion_status status = routes_->send(reply_, span(bytes));
    if (status != PINION_OK) return Error{status, "the client is gone"};
    return {};
  }
  // After head() with "Content-Length": the body comes from the file, and the exchange is answered.
  Result<void> sendFile(int file, uint64_t offset, uint64_t length) {
    if (reply_ == nullptr) return Error{PINION_E_INVALID, "the request was answered before"};
    if (!PINION_HAS(routes_, send_file)) return Error{PINION_E_UNSUPPORTED, "this daemon sends no files"};
    const pinion_status status = routes_->send_file(std::exchange(reply_, nullptr), file, offset, length);
    if (status != PINION_OK) return Error{status, "the file cannot be sent"};
    return {};
  }
  // Status and whole body. JSON text gets its content type; an empty body gets none.
  void answer(uint32_t status, std::string_view body = {}, const char *type = "application/json; charset=utf-8") {
    Json headers = Json::object();
    if (!body.empty()) headers["Content-Type"] = type;
    head(status, headers);
    finish(body);
  }
  // {"error": text} with no request_id, the shape of an error a handler itself gives.
  void error(uint32_t status, std::string_view text) { answer(status, detail::dump(Json{{"error", text}})); }
  // The daemon's generic answer for a failure (500, or what the code maps to); logs nothing by itself.
  void fail(const Error &error) {
    if (reply_ != nullptr) replies_->answer(std::exchange(reply_, nullptr), error.code, span(error.text));
  }
  void finish(std::string_view rest = {}) {
    if (reply_ != nullptr) replies_->answer(std::exchange(reply_, nullptr), PINION_OK, span(rest));
  }
  pinion_reply *takeReply() { return std::exchange(reply_, nullptr); }
  pinion_reply *reply() const { return reply_; }

private:
  const pinion_routes_v1 *routes_;
  const pinion_reply_v1 *replies_;
  pinion_request *request_;
  pinion_reply *reply_;
};

} // namespace v0
} // namespace pinion
