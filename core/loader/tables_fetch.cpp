// "pinion.fetch/1"
#include "base/json_text.hpp"
#include "loader/arguments.hpp"
#include "loader/fetches.hpp"
#include "loader/tables.hpp"
#include "servers/json_cursor.hpp"

namespace pinion::core {

namespace {

constexpr std::size_t kMaxRequest = 65536;

// The system's certificates are a megabyte: they are held while some download uses them.
std::shared_ptr<const outbound::TlsContext> tlsContext() {
  static Guarded<std::weak_ptr<const outbound::TlsContext>> kept;
  return kept.with([](auto &weak) {
    auto context = weak.lock();
    if (!context) {
      context = std::make_shared<const outbound::TlsContext>(true);
      weak = context;
    }
    return context;
  });
}

Result<fetch::Request> requestArgument(pinion_span span) {
  const auto json = spanArgument(span, "request", kMaxRequest);
  if (!json) return json.error();
  fetch::Request out;
  std::int64_t redirects = 0, connect = out.connect.count(), stall = out.stall.count(), deadline = out.deadline.count();
  JsonCursor cursor(*json);
  if (cursor.kind() != JsonCursor::Kind::object) return Error{Code::invalid, "the request is no JSON object"};
  cursor.object([&](std::string_view name) {
    if (name == "method")
      cursor.read(out.method);
    else if (name == "url")
      cursor.read(out.url);
    else if (name == "private")
      cursor.read(out.to_private);
    else if (name == "max_redirects")
      cursor.read(redirects);
    else if (name == "connect_ms")
      cursor.read(connect);
    else if (name == "stall_ms")
      cursor.read(stall);
    else if (name == "deadline_ms")
      cursor.read(deadline);
    else if (name == "headers" && cursor.kind() == JsonCursor::Kind::object)
      cursor.object([&](std::string_view header) {
        std::string value;
        cursor.read(value);
        out.headers.emplace_back(header, std::move(value));
      });
  });
  cursor.finish();
  if (cursor.failed()) return Error{Code::invalid, "the request is no JSON object of the shape that is in services.h"};
  constexpr std::int64_t kDay = 86'400'000;
  if (redirects < 0 || redirects > 20 || connect < 1 || stall < 1 || deadline < 1 || connect > kDay || stall > kDay ||
      deadline > kDay)
    return Error{Code::invalid, "a number of the request is out of its range (20 redirects, a day)"};
  out.max_redirects = static_cast<std::uint32_t>(redirects);
  out.connect = std::chrono::milliseconds(connect);
  out.stall = std::chrono::milliseconds(stall);
  out.deadline = std::chrono::milliseconds(deadline);
  return out;
}

std::string textOf(const fetch::Head &head) {
  std::string headers;
  for (const auto &[name, value] : head.headers)
    headers += (headers.empty() ? "" : ",") + jsonString(name) + ":" + jsonString(value);
  return "{\"status\":" + std::to_string(head.status) + ",\"url\":" + jsonString(head.url) + ",\"headers\":{" +
         headers + "}}";
}

pinion_fetch *pointer(std::uint64_t number) { return reinterpret_cast<pinion_fetch *>(number); }
std::uint64_t number(const pinion_fetch *fetch) { return reinterpret_cast<std::uintptr_t>(fetch); }
Error notOpen() { return {Code::invalid, "the download is not open"}; }

pinion_fetch *open(const pinion_host *raw, pinion_span request, pinion_error *error) noexcept {
  std::uint64_t opened = 0;
  (void)hosted(raw, error, [&](Host &host) -> Result<void> {
    auto asked = requestArgument(request);
    if (!asked) return asked.error();
    const auto added = Fetches::all().add(host, std::make_shared<Fetches::Fetching>(std::move(*asked), &tlsContext));
    if (!added) return added.error();
    opened = *added;
    return {};
  });
  return pointer(opened);
}

pinion_status head(pinion_fetch *fetch, const pinion_sink *out, pinion_error *error) noexcept {
  return guarded(error, [&]() -> Result<void> {
    if (out == nullptr) return Error{Code::invalid, "the sink is NULL"};
    const auto fetching = Fetches::all().find(number(fetch));
    if (!fetching) return notOpen();
    if (fetching->asked.exchange(true)) return Error{Code::invalid, "the head of the answer was asked for before"};
    const auto answer = fetching->download.open(fetching->request);
    if (!answer) return answer.error();
    return emit(out, textOf(*answer));
  });
}

std::int64_t read(pinion_fetch *fetch, void *buffer, std::size_t capacity, pinion_error *error) noexcept {
  std::int64_t got = 0;
  const pinion_status status = guarded(error, [&]() -> Result<void> {
    if (buffer == nullptr || capacity == 0) return Error{Code::invalid, "the buffer is NULL or empty"};
    const auto fetching = Fetches::all().find(number(fetch));
    if (!fetching) return notOpen();
    const auto read = fetching->download.read(static_cast<char *>(buffer), capacity);
    if (!read) return read.error();
    got = static_cast<std::int64_t>(*read);
    return {};
  });
  return status == PINION_OK ? got : status;
}

void cancel(pinion_fetch *fetch) noexcept {
  (void)guarded(nullptr, [&]() -> Result<void> {
    if (const auto fetching = Fetches::all().find(number(fetch))) fetching->download.cancel();
    return {};
  });
}

void close(pinion_fetch *fetch) noexcept {
  (void)guarded(nullptr, [&]() -> Result<void> {
    Fetches::all().remove(number(fetch));
    return {};
  });
}

} // namespace

const pinion_fetch_v1 *fetchTable() {
  static constexpr pinion_fetch_v1 table{sizeof(pinion_fetch_v1), 0, &open, &head, &read, &cancel, &close};
  return &table;
}

} // namespace pinion::core
