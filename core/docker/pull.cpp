#include "docker/pull.hpp"

#include "docker/engine_error.hpp"
#include "docker/image.hpp"
#include "docker/line_splitter.hpp"
#include "docker/response_stream.hpp"
#include "log/log.hpp"

namespace pinion::core {

namespace {

constexpr std::size_t kLongestError = 4096;

struct Pull : std::enable_shared_from_this<Pull> {
  PullPlace place;
  ActPtr act;
  std::string image;
  std::function<void(Result<void>)> then;
  LineReader lines; // loop thread only, as all below
  std::string refusal, error;

  Pull(const PullPlace &where, ActPtr for_act, std::string name, std::function<void(Result<void>)> next)
      : place(where), act(std::move(for_act)), image(std::move(name)), then(std::move(next)) {}

  void bytes(int status, std::string_view piece) {
    if (status != 200) {
      if (refusal.size() < kLongestError) refusal += piece.substr(0, kLongestError);
      return;
    }
    lines.feed(piece, [this](std::string_view line) { tell(line); });
  }
  void tell(std::string_view line) {
    auto progress = pullProgress(line);
    if (!progress.error.empty()) error = std::move(progress.error);
    const std::string &server = act->server()->text();
    if (!progress.line.empty() && place.bus.wanted("container pull", server))
      place.bus.publish("container pull", server, std::move(progress.line), true);
  }
  void end(const Result<int> &status) {
    lines.flush([this](std::string_view line) { tell(line); });
    if (!status) return failed(status.error().text);
    if (*status != 200) return failed(engineMessage(*status, refusal));
    if (!error.empty()) return failed(error);
    then({});
  }
  // The registry is out of order often enough: an image that is here is good enough then.
  void failed(const std::string &why) {
    const bool posted = place.workers.post([self = shared_from_this(), why] {
      const auto limit = std::min(self->act->left(), std::chrono::milliseconds(10000));
      const auto here = self->place.engine.request("GET", "/images/" + urlEncoded(self->image) + "/json", "", limit);
      if (here && here->status == 200 && hasTag(here->body, self->image)) {
        log::warn("the image could not be pulled, but it is on this machine: " + why,
                  {{"image", self->image}, {"server", self->act->server()->text()}});
        return self->then({});
      }
      self->then(
          Error{Code::io, "environment/docker: failed to pull \"" + self->image + "\" image for server: " + why});
    });
    if (!posted)
      then(Error{Code::busy,
                 "environment/docker: failed to pull \"" + image + "\" image for server: the workers are busy"});
  }
};

} // namespace

void pullImage(const PullPlace &place, const ActPtr &act, const std::string &image, const Config &config,
               std::function<void(Result<void>)> then) {
  const auto [name, tag] = splitImage(image);
  auto fd = place.engine.open("POST", "/images/create?fromImage=" + urlEncoded(name) + "&tag=" + urlEncoded(tag),
                              std::min(act->left(), std::chrono::milliseconds(10000)),
                              registryAuth(image, config.docker.registries));
  if (!fd)
    return then(Error{fd.error().code,
                      "environment/docker: failed to pull \"" + image + "\" image for server: " + fd.error().text});
  const auto pull = std::make_shared<Pull>(place, act, image, std::move(then));
  const auto stream = ResponseStream::begin(
      place.loops.next(), std::move(*fd), [pull](int status, std::string_view bytes) { pull->bytes(status, bytes); },
      [pull](const Result<int> &status) { pull->end(status); });
  // Hanging up makes the engine give up the pull.
  act->onAbandoned([stream] { stream->stop(); });
}

} // namespace pinion::core
