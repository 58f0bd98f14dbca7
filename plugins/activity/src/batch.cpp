#include "batch.hpp"

#include "timestamp.hpp"

#include <algorithm>
#include <map>

namespace activity {

namespace {

constexpr std::size_t kMostPage = 1000; // entries read at once
constexpr std::size_t kMinute = 16;     // characters of a timestamp up to its minute

std::uint32_t pageSize(std::size_t count) { return static_cast<std::uint32_t>(std::min(count, kMostPage)); }

std::string bodyOf(const std::vector<std::string> &texts) {
  std::string out = "{\"data\":[";
  for (const auto &text : texts) {
    if (&text != &texts.front()) out += ',';
    out += text;
  }
  return out + "]}";
}

// Entries that differ in their files only.
class Joined {
public:
  explicit Joined(std::size_t most) : most_(most) {}
  std::size_t bytes() const { return bytes_; }

  // False when it would be one entry too many.
  bool add(const std::string &text) {
    Json entry = Json::parse(text);
    const std::string time = entry.at("timestamp");
    const Json key = {entry.at("user"), entry.at("server"), entry.at("ip"), entry.at("event"), time.substr(0, kMinute)};
    const std::string name = key.dump();
    auto at = places_.find(name);
    if (at == places_.end()) {
      if (entries_.size() >= most_) return false;
      at = places_.emplace(name, entries_.size()).first;
      entries_.push_back(entry);
      entries_.back()["metadata"] = Json{{"files", Json::array()}};
      bytes_ += name.size();
    }
    Json &target = entries_[at->second];
    if (isEarlier(time, target.at("timestamp").get_ref<const std::string &>())) target["timestamp"] = time;
    const Json &metadata = entry.at("metadata");
    if (const auto files = metadata.find("files"); files != metadata.end() && files->is_array())
      for (const Json &file : *files) target["metadata"]["files"].push_back(file);
    bytes_ += text.size();
    return true;
  }
  std::string body() const {
    std::vector<std::string> texts;
    texts.reserve(entries_.size());
    for (const Json &entry : entries_) texts.push_back(entry.dump(-1, ' ', false, Json::error_handler_t::replace));
    return bodyOf(texts);
  }

private:
  const std::size_t most_;
  std::map<std::string, std::size_t> places_;
  std::vector<Json> entries_;
  std::size_t bytes_ = 0; // of the texts, before they were joined
};

} // namespace

Result<Batch> chooseEntries(const Host &host, std::size_t count) {
  count = std::min(count, kMostRows);
  Batch out;
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  while (out.keys.size() < count) {
    const std::uint32_t wanted = pageSize(count - out.keys.size());
    auto page = host.storedPage(kPlain, out.keys.empty() ? "" : out.keys.back(), wanted);
    if (!page) return page.error();
    for (auto &[key, text] : *page) {
      if (!texts.empty() && bytes + text.size() > kMostBody) {
        out.more = true;
        break;
      }
      bytes += text.size();
      out.keys.push_back(std::move(key));
      texts.push_back(std::move(text));
    }
    if (page->size() < wanted || out.more) break;
  }
  out.more = out.more || out.keys.size() == count;
  out.body = bodyOf(texts);
  return out;
}

Result<Batch> chooseJoined(const Host &host, std::size_t count) {
  Batch out;
  Joined joined(std::min(count, kMostRows));
  std::string last;
  const std::uint32_t wanted = pageSize(count);
  for (bool added = true; added;) {
    auto page = host.storedPage(kSftp, last, wanted);
    if (!page) return page.error();
    added = false;
    for (auto &[key, text] : *page) {
      if (!out.keys.empty() && (out.keys.size() >= kMostRows || joined.bytes() + text.size() > kMostBody)) {
        out.more = true;
        out.body = joined.body();
        return out;
      }
      last = key;
      if (joined.add(text)) {
        added = true;
        out.keys.push_back(std::move(key));
      } else {
        out.more = true;
      }
    }
    if (page->size() < wanted) break; // nothing comes after it
  }
  out.body = joined.body();
  return out;
}

} // namespace activity
