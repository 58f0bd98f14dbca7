// The fake host's network: answers by URL. Included by fake_host.hpp.
#pragma once

#include <pinion/testing/detail/fake_lane.hpp>

#include <map>
#include <memory>

namespace pinion::testing {

// What a URL answers.
struct FakePage {
  int status = 200;
  std::string body = {};
  Json headers = Json::object();     // names in lower case; "content-length" is added unless it is there
  pinion_status refused = PINION_OK; // instead of an answer: DENIED, TIMEOUT, IO, ...
  std::size_t cut_after = SIZE_MAX;  // the body breaks off (PINION_E_IO) after so many bytes
  std::size_t piece = 4096;          // at most so many bytes a read
  // What happens while the plugin waits, on the pool: fake.pump() runs its lane.
  std::function<void()> head = {};            // for the head of the answer
  std::function<void(std::size_t)> read = {}; // for more of the body, with the bytes read so far
};

namespace detail {

class FakeFetch {
public:
  explicit FakeFetch(FakeLane &lane) : lane_(lane) {}
  std::map<std::string, FakePage> pages;
  std::vector<Json> asked;

  pinion_fetch *open(pinion_span request, pinion_error *error) {
    const Json wanted = Json::parse(view(request), nullptr, false);
    if (!wanted.is_object()) {
      refuse(error, PINION_E_INVALID, "the request is no JSON object");
      return nullptr;
    }
    asked.push_back(wanted);
    open_.push_back(std::make_unique<Open>(*this, wanted.value("url", "")));
    return reinterpret_cast<pinion_fetch *>(open_.back().get());
  }
  static pinion_status head(pinion_fetch *raw, const pinion_sink *out, pinion_error *error) {
    auto &one = of(raw);
    one.notOnLane("head()");
    const std::string quoted = "\"" + one.url + "\": ";
    if (one.asked) return refuse(error, PINION_E_INVALID, quoted + "the head of the answer was asked for before");
    one.asked = true;
    if (one.url.rfind("http://", 0) != 0 && one.url.rfind("https://", 0) != 0)
      return refuse(error, PINION_E_INVALID, quoted + "unsupported protocol scheme");
    const auto it = one.owner.pages.find(one.url);
    if (it == one.owner.pages.end()) return refuse(error, PINION_E_IO, quoted + "the test has no such page");
    one.page = it->second;
    if (one.page.head) one.page.head();
    if (one.cancelled) return refuse(error, PINION_E_CANCELLED, "the download was cancelled");
    if (one.page.refused != PINION_OK) return refuse(error, one.page.refused, quoted + "refused by the test");
    one.open = true;
    Json headers = one.page.headers;
    if (!headers.contains("content-length")) headers["content-length"] = std::to_string(one.page.body.size());
    return put(out, Json{{"status", one.page.status}, {"url", one.url}, {"headers", headers}}.dump());
  }
  static int64_t read(pinion_fetch *raw, void *buffer, size_t capacity, pinion_error *error) {
    auto &one = of(raw);
    one.notOnLane("read()");
    if (!one.open) return refuse(error, PINION_E_INVALID, "the download is not open");
    if (one.page.read) one.page.read(one.at);
    if (one.cancelled) return refuse(error, PINION_E_CANCELLED, "the download was cancelled");
    const std::size_t end = std::min(one.page.body.size(), one.page.cut_after);
    if (one.at == end) return end == one.page.body.size() ? 0 : refuse(error, PINION_E_IO, "the answer was cut short");
    const std::size_t size = std::min({capacity, one.page.piece, end - one.at});
    std::memcpy(buffer, one.page.body.data() + one.at, size);
    one.at += size;
    return static_cast<int64_t>(size);
  }
  static void cancel(pinion_fetch *raw) { of(raw).cancelled = true; }
  static void close(pinion_fetch *raw) {
    auto &owner = of(raw).owner;
    std::erase_if(owner.open_, [raw](const auto &one) { return reinterpret_cast<pinion_fetch *>(one.get()) == raw; });
  }
  std::size_t open() const { return open_.size(); }
  void clearPlugin() {
    if (!open_.empty()) lane_.misuse.push_back("the plugin left a download open");
    open_.clear();
  }

private:
  struct Open {
    Open(FakeFetch &fetches, std::string address) : owner(fetches), url(std::move(address)) {}
    void notOnLane(const std::string &slot) const {
      if (owner.lane_.context() == Context::lane)
        owner.lane_.misuse.push_back("pinion.fetch/1 " + slot + " was called on the lane");
    }
    FakeFetch &owner;
    const std::string url;
    FakePage page = {};
    std::size_t at = 0;
    bool asked = false, open = false, cancelled = false;
  };
  static Open &of(pinion_fetch *raw) { return *reinterpret_cast<Open *>(raw); }

  FakeLane &lane_;
  std::vector<std::unique_ptr<Open>> open_;
};

} // namespace detail
} // namespace pinion::testing
