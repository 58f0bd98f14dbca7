// One entry of the log: from what a plugin says to the text that the Panel gets. Pure functions.
#pragma once

#include <pinion/cpp/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace activity {

using pinion::Error;
using pinion::Json;
using pinion::Result;

struct Entry {
  std::string server;
  bool of_sftp = false; // joined with its like before it is sent
  std::string text;     // the JSON object that is stored, and sent
};

constexpr std::size_t kMostText = std::size_t{256} << 10u; // bytes of an entry
constexpr std::size_t kMostEntries = 1000;                 // of a request
constexpr std::size_t kMostPayload = std::size_t{1} << 20u;

// Checks and completes one entry (sdk/contracts/activity.v1.json). What the Panel would refuse is refused here, for it
// refuses a whole batch for one entry. `now`: the timestamp of an entry that has none.
Result<Entry> readEntry(const Json &given, const std::string &now);

// The payload of "activity/record": one entry or several.
struct Request {
  std::vector<Entry> entries;
  bool again = false; // some may be kept already
};
Result<Request> readRequest(std::string_view payload, const std::string &now);

// The address without a port: 192.0.2.1:80, [2001:db8::1]:80. Nothing when it is no address.
std::optional<std::string> addressOf(std::string_view text);

} // namespace activity
