#include "entry.hpp"

#include "timestamp.hpp"

#include <pinion/cpp/json_text.hpp>
#include <pinion/cpp/uuid.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace activity {

namespace {

constexpr std::string_view kPrefix = "server:", kSftp = "server:sftp.";
constexpr std::size_t kMostEvent = 191; // bytes: the Panel's column

bool isAddress(const std::string &text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

Error invalid(const std::string &text) { return {PINION_E_INVALID, text}; }

// The string at `key`; empty when there is none. Nothing when it is of another type.
std::optional<std::string> textAt(const Json &object, const char *key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::string();
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// Never null. Of an entry that will be joined only "files" would be left, so a rename's names go there.
std::optional<Json> metadataOf(const Json &object, bool of_sftp) {
  const auto found = object.find("metadata");
  if (found == object.end() || found->is_null() || (found->is_array() && found->empty())) return Json::object();
  if (!found->is_object()) return std::nullopt;
  if (of_sftp && !found->contains("files") && found->contains("from") && found->contains("to")) {
    Json names;
    names["from"] = found->at("from");
    names["to"] = found->at("to");
    Json out;
    out["files"] = Json::array({std::move(names)});
    return out;
  }
  return *found;
}

} // namespace

std::optional<std::string> addressOf(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || (end + 1 < text.size() && text[end + 1] != ':')) return std::nullopt;
    text = text.substr(1, end - 1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    text = text.substr(0, text.find(':'));
  }
  std::string out(text);
  if (out.find('\0') != std::string::npos || !isAddress(out)) return std::nullopt;
  return out;
}

Result<Entry> readEntry(const Json &given, const std::string &now) {
  if (!given.is_object()) return invalid("the entry is no object");
  const auto server = textAt(given, "server"), user = textAt(given, "user"), event = textAt(given, "event"),
             ip = textAt(given, "ip"), time = textAt(given, "timestamp");
  if (!server || !pinion::isUuid(*server)) return invalid("\"server\" is no UUID");
  if (!user || (!user->empty() && !pinion::isUuid(*user))) return invalid("\"user\" is neither a UUID nor null");
  if (!event || !event->starts_with(kPrefix) || event->size() == kPrefix.size() || event->size() > kMostEvent)
    return invalid("\"event\" does not begin with \"server:\", or is longer than " + std::to_string(kMostEvent) +
                   " bytes");
  const bool of_sftp = event->starts_with(kSftp);
  const auto metadata = metadataOf(given, of_sftp);
  if (!metadata) return invalid("\"metadata\" is no object");
  const auto address = ip ? addressOf(*ip) : std::nullopt;
  if (!address) return invalid("\"ip\" is no address");
  const auto timestamp = time && !time->empty() ? timestampFrom(*time) : std::optional(now);
  if (!time || !timestamp) return invalid("\"timestamp\" is no time as RFC 3339 writes it");

  std::string text = "{\"user\":" + (user->empty() ? "null" : pinion::jsonString(*user));
  text += ",\"server\":" + pinion::jsonString(*server) + ",\"event\":" + pinion::jsonString(*event);
  text += ",\"metadata\":" + metadata->dump(-1, ' ', false, Json::error_handler_t::replace);
  text += ",\"ip\":" + pinion::jsonString(*address) + ",\"timestamp\":\"" + *timestamp + "\"}";
  if (text.size() > kMostText) return invalid("the entry is larger than " + std::to_string(kMostText >> 10u) + " KiB");
  return Entry{*server, of_sftp, std::move(text)};
}

Result<Request> readRequest(std::string_view payload, const std::string &now) {
  if (payload.size() > kMostPayload) return invalid("the request is larger than 1 MiB");
  const Json request = Json::parse(payload, nullptr, false);
  if (!request.is_object()) return invalid("the request is no JSON object");
  Request out;
  const auto again = request.find("again");
  if (again != request.end() && !again->is_boolean()) return invalid("\"again\" is neither true nor false");
  out.again = again != request.end() && again->get<bool>();
  const auto listed = request.find("entries");
  if (listed == request.end()) {
    auto entry = readEntry(request, now);
    if (!entry) return entry.error();
    out.entries.push_back(std::move(*entry));
    return out;
  }
  if (!listed->is_array() || listed->size() > kMostEntries)
    return invalid("\"entries\" is no array of at most " + std::to_string(kMostEntries) + " entries");
  for (const Json &one : *listed) {
    auto entry = readEntry(one, now);
    if (!entry) return invalid("entry " + std::to_string(out.entries.size()) + ": " + entry.error().text);
    out.entries.push_back(std::move(*entry));
  }
  return out;
}

} // namespace activity
