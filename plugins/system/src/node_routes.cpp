#include "system.hpp"

#include <pinion/cpp/request_body.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace pinion::system {

namespace {

// The Panel gives up after 15 s; what only administrators call may take longer.
constexpr uint32_t kQuick = 14'000, kSlow = 60'000; // ms

bool flag(std::string_view text, bool otherwise) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower == "true" ? true : lower == "false" ? false : otherwise;
}

} // namespace

std::string diagnosticsPayload(std::string_view include_endpoints, std::string_view include_logs,
                               std::string_view log_lines) {
  int lines = 0;
  const auto [end, failure] = std::from_chars(log_lines.data(), log_lines.data() + log_lines.size(), lines);
  if (failure == std::errc::result_out_of_range && !log_lines.starts_with('-'))
    lines = 500;
  else if (failure != std::errc() || end != log_lines.data() + log_lines.size() || lines <= 0)
    lines = 200;
  return Json{{"include_endpoints", flag(include_endpoints, false)},
              {"include_logs", flag(include_logs, true)},
              {"log_lines", std::min(lines, 500)}}
      .dump();
}

Task<void> System::pass(Exchange exchange, std::string address, std::string payload, uint32_t deadline_ms) {
  const Answer answer = co_await host_.call(address, "", payload, deadline_ms);
  if (answer)
    exchange.answer(200, *answer);
  else
    answerUnexpected(exchange, host_, answer.error());
}

Task<void> System::showSystem(Exchange exchange) {
  const bool full = exchange.query("v") == "2";
  return pass(std::move(exchange), "core/system", full ? R"({"version":2})" : R"({"version":1})", kQuick);
}

Task<void> System::showDockerDisk(Exchange exchange) {
  return pass(std::move(exchange), "core/system-docker", R"({"what":"disk"})", kSlow);
}

Task<void> System::pruneImages(Exchange exchange) {
  return pass(std::move(exchange), "core/system-docker", R"({"what":"image-prune"})", kSlow);
}

Task<void> System::showAddresses(Exchange exchange) {
  return pass(std::move(exchange), "core/system-ips", "{}", kQuick);
}

Task<void> System::showUtilization(Exchange exchange) {
  return pass(std::move(exchange), "core/system-utilization", "{}", kQuick);
}

Task<void> System::diagnose(Exchange exchange) {
  const std::string payload = diagnosticsPayload(exchange.query("include_endpoints"), exchange.query("include_logs"),
                                                 exchange.query("log_lines"));
  const Answer report = co_await host_.call("core/diagnostics", "", payload, kSlow);
  if (report)
    exchange.answer(200, *report, "text/plain; charset=utf-8");
  else
    answerUnexpected(exchange, host_, report.error());
}

// A node that is told to ignore the Panel's configuration does so without a look at the body.
Task<void> System::update(Exchange exchange) {
  if (host_.node("/ignore_panel_config_updates") == true) {
    exchange.answer(200, R"({"applied":false})");
    co_return;
  }
  std::string configuration;
  const bool good = readBody(exchange, [&](const RequestBody &body) {
    configuration = body.text();
    return true;
  });
  if (!good) co_return;
  const Answer applied = co_await host_.call("core/config-update", "", configuration, kQuick);
  if (applied)
    exchange.answer(200, *applied);
  else if (applied.error().code == PINION_E_INVALID)
    answerBadBody(exchange, BodyFault::malformed);
  else
    answerUnexpected(exchange, host_, applied.error());
}

// The tokens that were issued so far are refused from now on. Consoles and file sessions hear of it by an event, and
// end.
Task<void> System::deauthorize(Exchange exchange) {
  std::string user;
  std::vector<std::string> servers;
  const bool good = readBody(
      exchange, [&](const RequestBody &body) { return body.read("user", user) && body.read("servers", servers); });
  if (!good) co_return;
  const auto denied = host_.deny(Json{{"user", user}, {"servers", servers}});
  if (denied)
    exchange.answer(204);
  else if (denied.error().code == PINION_E_INVALID) // nobody was named
    answerBadBody(exchange, BodyFault::malformed);
  else
    answerUnexpected(exchange, host_, denied.error());
}

} // namespace pinion::system
