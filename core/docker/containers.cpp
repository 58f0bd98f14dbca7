#include "docker/containers.hpp"

#include "docker/engine_error.hpp"
#include "docker/json.hpp"

#include <algorithm>

namespace pinion::core {

namespace {

std::string path(const std::string &name, const char *rest = "") { return "/containers/" + urlEncoded(name) + rest; }

} // namespace

std::chrono::milliseconds leftUntil(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return std::max(left, std::chrono::milliseconds(1));
}

bool isSignalName(const std::string &text) {
  return !text.empty() && text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
  });
}

ContainerState parseContainerState(const std::string &inspect) {
  ContainerState out;
  const auto answer = json::parseObject(inspect);
  if (!answer) return out;
  const auto state = json::object(*answer, "State"), config = json::object(*answer, "Config");
  out.exists = true;
  out.running = json::flag(state, "Running");
  out.created = json::text(state, "Status") == "created";
  out.oom_killed = json::flag(state, "OOMKilled");
  out.exit_code = json::number(state, "ExitCode");
  out.pid = static_cast<int>(json::number(state, "Pid"));
  out.started_at_ms = json::moment(json::text(state, "StartedAt"));
  out.id = json::text(*answer, "Id");
  out.log_path = json::text(*answer, "LogPath");
  out.stop_signal = json::text(config, "StopSignal");
  out.terminal = json::flag(config, "Tty");
  return out;
}

Result<ContainerState> Containers::inspect(const std::string &name, Clock::time_point deadline) const {
  static const std::string what = "environment/docker: failed to inspect container";
  const auto answer = engine_.request("GET", path(name, "/json"), "", leftUntil(deadline));
  if (!answer) return during(what, answer.error());
  if (answer->status == 404) return ContainerState{};
  if (answer->status != 200) return engineError(what, *answer);
  auto state = parseContainerState(answer->body);
  if (state.id.empty()) return Error{Code::io, what + ": the engine's answer does not describe one"};
  return state;
}

Result<void> Containers::remove(const std::string &name, Clock::time_point deadline) const {
  static const std::string what = "environment/docker: failed to remove container";
  const auto answer = engine_.request("DELETE", path(name, "?force=1&v=1"), "", leftUntil(deadline));
  if (!answer) return during(what, answer.error());
  if (answer->status == 204 || answer->status == 200 || answer->status == 404) return {};
  if (answer->status != 409 || answer->body.find("in progress") == std::string::npos) return engineError(what, *answer);
  const auto gone = engine_.request("POST", path(name, "/wait?condition=removed"), "", leftUntil(deadline));
  if (!gone) return during(what, gone.error());
  return {};
}

Result<std::string> Containers::create(const std::string &name, const std::string &body,
                                       Clock::time_point deadline) const {
  static const std::string what = "environment/docker: failed to create container";
  const auto answer = engine_.request("POST", "/containers/create?name=" + urlEncoded(name), body, leftUntil(deadline));
  if (!answer) return during(what, answer.error());
  if (answer->status != 201) return engineError(what, *answer);
  const auto made = json::parseObject(answer->body);
  return made ? json::text(*made, "Id") : std::string();
}

Result<void> Containers::start(const std::string &name, Clock::time_point deadline) const {
  static const std::string what = "environment/docker: failed to start container";
  const auto answer = engine_.request("POST", path(name, "/start"), "", leftUntil(deadline));
  if (!answer) return during(what, answer.error());
  if (answer->status != 204 && answer->status != 304) return engineError(what, *answer);
  return {};
}

Result<void> Containers::signal(const std::string &name, const std::string &signal, Clock::time_point deadline) const {
  static const std::string what = "environment/docker: failed to signal container";
  if (!isSignalName(signal)) return Error{Code::invalid, what + ": \"" + signal + "\" is no signal"};
  const auto answer =
      engine_.request("POST", path(name, "/kill?signal=") + urlEncoded(signal), "", leftUntil(deadline));
  if (!answer) return during(what, answer.error());
  if (answer->status == 204 || answer->status == 200 || answer->status == 404 || answer->status == 409) return {};
  // Older engines answer 500 for a container that is not running.
  if (answer->body.find("is not running") != std::string::npos) return {};
  return engineError(what, *answer);
}

} // namespace pinion::core
