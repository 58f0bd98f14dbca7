// A download from another host: pinion.fetch/1 with results, and closed when it goes.
//
//   auto fetch = Fetch::open(host, {.url = url});   // [pool], or a thread of the plugin's own
//   if (!fetch) return fetch.error();               // DENIED: a private address; INVALID: no proper URL
//   if (fetch->status() != 200) ...
//   while (auto got = fetch->read(buffer, size)) { if (*got == 0) break; ... }
#pragma once

#include <pinion/cpp/host.hpp>

#include <mutex>

namespace pinion {
inline namespace v0 {

struct FetchRequest {
  std::string url = {};
  std::string method = "GET";
  Json headers = Json::object(); // of strings
  uint32_t max_redirects = 0;    // 0: a redirect is the answer
  bool to_private = false;       // addresses of this machine and its networks too
  uint32_t connect_ms = 10'000, stall_ms = 30'000;
  uint64_t deadline_ms = 43'200'000; // of all of it
};

// Lets another thread end a fetch: give it to open(), keep it, and cancel() it at any time: before open(), while open()
// waits, later, and when the fetch is over. Cheap to copy.
class FetchCancel {
public:
  void cancel() const { // [any]
    const std::lock_guard lock(state_->mutex);
    state_->cancelled = true;
    if (state_->raw != nullptr) state_->table->cancel(state_->raw);
  }
  bool cancelled() const {
    const std::lock_guard lock(state_->mutex);
    return state_->cancelled;
  }

private:
  friend class Fetch;
  struct State {
    std::mutex mutex;
    const pinion_fetch_v1 *table = nullptr;
    pinion_fetch *raw = nullptr; // null before and after
    bool cancelled = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// Used by one thread at a time. Move-only.
class Fetch {
public:
  // Blocks until the answer's head is there.
  static Result<Fetch> open(const Host &host, const FetchRequest &request, FetchCancel cancel = {}) {
    detail::ErrorSlot slot;
    const auto *table = host.fetch();
    if (!PINION_HAS(table, close)) return slot.absent("pinion.fetch/1");
    if (cancel.cancelled()) return Error{PINION_E_CANCELLED, "the download was cancelled"};
    const std::string asked = detail::dump(Json{{"method", request.method},
                                                {"url", request.url},
                                                {"headers", request.headers},
                                                {"max_redirects", request.max_redirects},
                                                {"private", request.to_private},
                                                {"connect_ms", request.connect_ms},
                                                {"stall_ms", request.stall_ms},
                                                {"deadline_ms", request.deadline_ms}});
    auto *raw = table->open(host.raw(), span(asked), slot.get());
    if (raw == nullptr) {
      const Error failed = slot.take(PINION_E_INTERNAL);
      return Error{slot.get()->code != PINION_OK ? slot.get()->code : failed.code, failed.text, failed.detail};
    }
    Fetch out(table, raw, std::move(cancel));
    std::string head;
    const pinion_sink sink{&head, &detail::appendTo};
    if (const auto status = table->head(raw, &sink, slot.get()); status != PINION_OK) return slot.take(status);
    out.head_ = Json::parse(head, nullptr, false);
    return Result<Fetch>(std::move(out));
  }
  Fetch(Fetch &&other) noexcept
      : table_(other.table_), raw_(std::exchange(other.raw_, nullptr)), head_(std::move(other.head_)),
        cancel_(other.cancel_) {}
  Fetch &operator=(Fetch &&) = delete;
  ~Fetch() { close(); }

  int status() const { return head_.value("status", 0); }
  std::string url() const { return head_.value("url", ""); } // after redirects
  // nullopt when it was not sent; `name` in lower case.
  std::optional<std::string> header(const char *name) const {
    const auto headers = head_.find("headers");
    if (headers == head_.end() || !headers->is_object() || !headers->contains(name)) return std::nullopt;
    return headers->at(name).get<std::string>();
  }
  // Bytes of the body, 0 at its true end. Blocks.
  Result<std::size_t> read(void *buffer, std::size_t capacity) {
    detail::ErrorSlot slot;
    if (raw_ == nullptr) return Error{PINION_E_INVALID, "the download is closed"};
    const int64_t got = table_->read(raw_, buffer, capacity, slot.get());
    if (got < 0) return slot.take(static_cast<pinion_status>(got));
    return static_cast<std::size_t>(got);
  }
  void close() {
    if (raw_ == nullptr) return;
    {
      const std::lock_guard lock(cancel_.state_->mutex);
      cancel_.state_->raw = nullptr;
    }
    table_->close(std::exchange(raw_, nullptr));
  }

private:
  Fetch(const pinion_fetch_v1 *table, pinion_fetch *raw, FetchCancel cancel)
      : table_(table), raw_(raw), cancel_(std::move(cancel)) {
    const std::lock_guard lock(cancel_.state_->mutex);
    cancel_.state_->table = table;
    cancel_.state_->raw = raw;
    if (cancel_.state_->cancelled) table->cancel(raw);
  }

  const pinion_fetch_v1 *table_;
  pinion_fetch *raw_;
  Json head_;
  FetchCancel cancel_;
};

} // namespace v0
} // namespace pinion
