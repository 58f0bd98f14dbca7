#include "docker/watch.hpp"

#include "docker/engine_error.hpp"
#include "docker/json.hpp"
#include "log/log.hpp"

#include <algorithm>

namespace pinion::core {

namespace {

constexpr std::chrono::milliseconds kShortestPause{250}, kLongestPause{10000};

} // namespace

bool parseContainerEvent(const std::string &line, ContainerEvent &out) {
  const auto event = json::parseObject(line);
  if (!event || json::text(*event, "Type") != "container") return false;
  const auto actor = json::object(*event, "Actor");
  out.action = json::text(*event, "Action");
  out.id = json::text(actor, "ID");
  out.name = json::text(json::object(actor, "Attributes"), "name");
  return !out.action.empty() && !out.id.empty();
}

void Watch::start() {
  if (started_.exchange(true)) return;
  attempt();
}

void Watch::stop() {
  stopped_ = true;
  const auto stream = stream_.with([](auto &current) { return std::exchange(current, nullptr); });
  if (stream) stream->stop();
}

void Watch::attempt() {
  if (stopped_) return;
  const bool posted = workers_.post([self = shared_from_this()] {
    if (const auto opened = self->open(); !opened)
      self->loop_.post([self, why = opened.error().text] { self->retry(why); });
  });
  if (!posted) loop_.post([self = shared_from_this()] { self->retry("the workers are busy"); });
}

Result<void> Watch::open() {
  if (stopped_) return {};
  static const std::string path =
      "/events?filters=" + urlEncoded("{\"type\":[\"container\"],\"event\":[\"die\",\"start\",\"destroy\",\"oom\"]}");
  auto fd = engine_.open("GET", path, std::chrono::seconds(10));
  if (!fd) return fd.error();
  struct Reading {
    LineReader lines;
    bool begun = false;
    std::string refusal;
  };
  const auto reading = std::make_shared<Reading>();
  const auto on_bytes = [self = shared_from_this(), reading](int status, std::string_view bytes) {
    if (status != 200) {
      if (reading->refusal.size() < 500) reading->refusal += bytes;
      return;
    }
    reading->lines.feed(bytes, [&](std::string_view line) {
      ContainerEvent event;
      if (!self->stopped_ && parseContainerEvent(std::string(line), event)) self->hooks_.event(event);
    });
  };
  const auto on_end = [self = shared_from_this(), reading](const Result<int> &status) {
    if (!status) return self->retry(status.error().text);
    self->retry(*status == 200 ? "its stream of events ended" : engineMessage(*status, reading->refusal));
  };
  auto stream = ResponseStream::begin(loop_, std::move(*fd), on_bytes, on_end, [self = shared_from_this()](int status) {
    if (status == 200) self->listening();
  });
  const bool late = stream_.with([&](auto &current) {
    current = stream;
    return stopped_.load();
  });
  if (late) stream->stop();
  return {};
}

void Watch::listening() {
  if (stopped_) return;
  pause_ = kShortestPause;
  if (lost_.exchange(false)) {
    log::info("the docker engine answers again", {{"engine", engine_.address()}});
    bus_.publish("runtime.found", "", "{}");
  }
  hooks_.listening();
}

void Watch::retry(const std::string &why) {
  if (stopped_) return;
  if (!lost_.exchange(true)) {
    log::error("the docker engine is lost: " + why + "; trying again until it answers",
               {{"engine", engine_.address()}});
    bus_.publish("runtime.lost", "", "{}");
  }
  loop_.after(pause_, [self = shared_from_this()] { self->attempt(); });
  pause_ = std::min(pause_ * 2, kLongestPause);
}

} // namespace pinion::core
