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
  std::function<void(std::size_t)> read =
      {}; // before each read, with the bytes read so far: for what happens meanwhile
};

namespace detail {

class FakeFetch {
public:
  explicit FakeFetch(FakeLane &lane) : lane_(lane) {}
  std::map<std::string, FakePage> pages;
  std::vector<Json> asked;

  pinion_fetch *open(pinion_span request, const pinion_sink *head, pinion_error *error) {
    if (lane_.context() == Context::lane) lane_.misuse.push_back("pinion.fetch/1 open() was called on the lane");
    const Json wanted = Json::parse(view(request), nullptr, false);
    if (!wanted.is_object()) return none(error, PINION_E_INVALID, "the request is no JSON object");
    const std::string url = wanted.value("url", "");
    asked.push_back(wanted);
    if (url.rfind("http://", 0) != 0 && url.rfind("https://", 0) != 0)
      return none(error, PINION_E_INVALID, "\"" + url + "\": unsupported protocol scheme");
    const auto it = pages.find(url);
    if (it == pages.end()) return none(error, PINION_E_IO, "\"" + url + "\": the test has no such page");
    if (it->second.refused != PINION_OK) return none(error, it->second.refused, "\"" + url + "\": refused by the test");
    Json headers = it->second.headers;
    if (!headers.contains("content-length")) headers["content-length"] = std::to_string(it->second.body.size());
    put(head, Json{{"status", it->second.status}, {"url", url}, {"headers", headers}}.dump());
    open_.push_back(std::make_unique<Open>(Open{*this, it->second, 0, false}));
    return reinterpret_cast<pinion_fetch *>(open_.back().get());
  }
  static int64_t read(pinion_fetch *raw, void *buffer, size_t capacity, pinion_error *error) {
    auto &one = of(raw);
    if (one.owner.lane_.context() == Context::lane)
      one.owner.lane_.misuse.push_back("pinion.fetch/1 read() was called on the lane");
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
    FakeFetch &owner;
    FakePage page;
    std::size_t at;
    bool cancelled;
  };
  static Open &of(pinion_fetch *raw) { return *reinterpret_cast<Open *>(raw); }
  static pinion_fetch *none(pinion_error *error, pinion_status status, const std::string &text) {
    refuse(error, status, text);
    return nullptr;
  }

  FakeLane &lane_;
  std::vector<std::unique_ptr<Open>> open_;
};

} // namespace detail
} // namespace pinion::testing
