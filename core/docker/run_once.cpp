#include "docker/run_once.hpp"

#include "docker/engine_error.hpp"
#include "docker/json.hpp"
#include "docker/line_splitter.hpp"
#include "docker/response_stream.hpp"
#include "filesystem/tree.hpp"
#include "log/log.hpp"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace pinion::core {

namespace {

constexpr std::chrono::seconds kStep{30};     // one request of the chain
constexpr std::chrono::seconds kFetchLog{60}; // the whole log, at the end

class Once : public std::enable_shared_from_this<Once> {
public:
  Once(OncePlace place, ActPtr act, OnceArgs args)
      : place_(std::move(place)), act_(std::move(act)), args_(std::move(args)),
        name_(act_->server()->text() + args_.suffix) {}

  void begin() {
    act_->onAbandoned([self = shared_from_this()] { self->abandoned(); });
    if (const auto removed = place_.containers.remove(name_, limit()); !removed) return fail(removed.error());
    if (!args_.image.empty() && args_.image.front() == '~') return create();
    pullImage(place_.pulling, act_, args_.image, *place_.config,
              [self = shared_from_this()](const Result<void> &pulled) {
                if (!pulled) return self->fail(pulled.error());
                self->work([self] { self->create(); });
              });
  }

private:
  [[nodiscard]] Clock::time_point limit() const {
    return Clock::now() + std::min<std::chrono::milliseconds>(act_->left(), kStep);
  }
  void work(std::function<void()> step) {
    if (!place_.pulling.workers.post(std::move(step)))
      fail({Code::busy, "environment/docker: the workers are busy, try again later"});
  }
  void fail(const Error &problem) { // [pool], or before anything was made
    gone_ = true;
    remove();
    act_->finish(problem);
  }

  // Whatever began is undone: the output is let go, the container removed.
  void abandoned() {
    gone_ = true;
    const auto stream = stream_.with([](auto &current) { return std::exchange(current, nullptr); });
    if (stream) stream->stop();
    place_.pulling.workers.postUnbounded([self = shared_from_this()] { self->remove(); });
  }
  void remove() {
    if (!made_.exchange(false)) return;
    // By its id, once that is known: by now the name may be another run's.
    const auto id = id_.with([](const std::string &known) { return known; });
    if (const auto removed = place_.containers.remove(id.empty() ? name_ : id, Clock::now() + kStep); !removed)
      log::warn("a container could not be removed: " + removed.error().text, {{"container", name_}});
  }

  Result<std::vector<Mount>> mounts() const {
    std::vector<Mount> out;
    for (const auto &from : args_.mounts) {
      if (from.server) {
        if (const auto tree = place_.disk.tree(act_->server()->id(), true); !tree) return tree.error();
        out.push_back({place_.disk.path(act_->server()->id()), from.target, false});
      } else {
        out.push_back({configuredFolder(*place_.config, from.folder) + "/" + from.path, from.target, false});
      }
    }
    return out;
  }

  void create() {
    if (gone_) return;
    auto bound = mounts();
    if (!bound) return fail(bound.error());
    const auto definition = act_->server()->definition();
    std::vector<std::string> warnings;
    const std::string body =
        onceBody({definition->settings, *place_.config, args_.image, args_.hostname, args_.label, args_.command,
                  std::move(*bound), args_.minimum, args_.has_minimum, place_.io_weight},
                 warnings);
    for (const auto &warning : warnings) log::warn(warning, {{"server", act_->server()->text()}});
    made_ = true; // before it is: an answer that is late or lost must not leave a container behind
    const auto created = place_.containers.create(name_, body, limit());
    if (!created) return fail(created.error());
    id_.with([&](std::string &known) { known = *created; });
    made_ = true; // again: an end in between found nothing to remove
    if (gone_) return remove();
    if (const auto started = place_.containers.start(name_, limit()); !started) return fail(started.error());
    if (gone_) return remove();
    place_.pulling.bus.publish("container run", act_->server()->text(), "{\"phase\":\"started\"}");
    follow();
  }

  void follow() {
    auto fd =
        place_.containers.engine().open("GET", "/containers/" + urlEncoded(name_) + "/logs?stdout=1&stderr=1&follow=1",
                                        std::min<std::chrono::milliseconds>(act_->left(), kStep));
    if (!fd) return fail(during("environment/docker: failed to follow the output", fd.error()));
    auto stream = ResponseStream::begin(
        place_.pulling.loops.next(), std::move(*fd),
        [self = shared_from_this()](int status, std::string_view bytes) {
          if (status == 200) self->output(bytes);
        },
        [self = shared_from_this()](const Result<int> &) { self->outputEnded(); });
    const bool late = stream_.with([&](auto &current) {
      current = stream;
      return gone_.load();
    });
    if (late) stream->stop();
  }

  void output(std::string_view bytes) { // [loop]
    std::string line;
    while (lines_.next(bytes, line))
      place_.pulling.bus.publish(args_.output, act_->server()->text(), std::move(line), true);
  }
  void outputEnded() { // [loop] the container has ended, or the engine has
    std::string line;
    if (lines_.rest(line)) place_.pulling.bus.publish(args_.output, act_->server()->text(), std::move(line), true);
    stream_.with([](auto &current) { current.reset(); });
    place_.waiting->add(act_, name_, [self = shared_from_this()] { self->ended(); });
  }

  void ended() { // [pool] it does not run any more
    if (gone_) return;
    const auto state = place_.containers.inspect(name_, limit());
    if (!state) return fail(state.error());
    if (!state->exists)
      return fail({Code::notFound, "environment/docker: the container " + name_ + " was removed while it ran"});
    if (const auto written = writeLog(); !written)
      log::warn("the log could not be written: " + written.error().text, {{"server", act_->server()->text()}});
    remove();
    act_->finish("{\"exit_code\":" + std::to_string(state->exit_code) + "}");
  }

  Result<void> writeLog() {
    if (args_.log_folder.empty()) return {};
    const auto folder = Tree::open(configuredFolder(*place_.config, args_.log_folder), true);
    if (!folder) return folder.error();
    if (const auto slash = args_.log_path.rfind('/'); slash != std::string::npos)
      if (const auto made = folder->makeFolders(args_.log_path.substr(0, slash), 0700); !made) return made.error();
    const int how = args_.log_append ? O_APPEND : O_TRUNC;
    const auto file = folder->openFile(args_.log_path, O_WRONLY | O_CREAT | how, 0600);
    if (!file) return file.error();
    std::string problem;
    const auto write = [&](std::string_view bytes) {
      while (!bytes.empty()) {
        const auto n = ::write(file->get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
          problem = std::strerror(errno);
          return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
      }
      return true;
    };
    const auto got =
        place_.containers.engine().download("/containers/" + urlEncoded(name_) + "/logs?stdout=1&stderr=1",
                                            std::min<std::chrono::milliseconds>(act_->left(), kFetchLog), write);
    if (!problem.empty()) return Error{Code::io, args_.log_path + ": " + problem};
    if (!got) return got.error();
    return {};
  }

  OncePlace place_;
  ActPtr act_;
  OnceArgs args_;
  std::string name_;
  Guarded<std::string> id_;
  std::atomic<bool> made_{false}, gone_{false};
  LineSplitter lines_; // loop thread only
  Guarded<std::shared_ptr<ResponseStream>> stream_;
};

// Relative, and clean as it stands.
bool isInner(const std::string &path) {
  return !path.empty() && path.front() != '/' && path != "." && path != ".." && path.rfind("../", 0) != 0 &&
         path.find('\0') == std::string::npos && cleanPath(path) == path;
}

bool isSuffix(const std::string &suffix) {
  return suffix.size() > 1 && suffix.size() <= 64 && suffix.front() == '_' &&
         std::all_of(suffix.begin(), suffix.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

Error wrong(const std::string &what) { return {Code::invalid, "run-once: " + what}; }

Result<OnceArgs::From> parseMount(const json::Object &mount) {
  OnceArgs::From from;
  from.target = json::text(mount, "target");
  if (from.target.empty() || from.target.front() != '/' || cleanPath(from.target) == "/")
    return wrong("a mount needs an absolute \"target\"");
  from.server = json::flag(mount, "server");
  if (from.server) return from;
  from.folder = json::text(mount, "folder");
  from.path = json::text(mount, "path");
  if (configuredFolder(Config{}, from.folder).empty())
    return wrong("a mount's \"folder\" has to be tmp, log, data, backup or archive");
  if (!isInner(from.path)) return wrong("a mount's \"path\" has to be a path inside its folder");
  return from;
}

} // namespace

std::string configuredFolder(const Config &config, const std::string &name) {
  const auto &system = config.system;
  const auto below = [&](const std::string &given, const char *otherwise) {
    return given.empty() ? system.root_directory + otherwise : given;
  };
  if (name == "tmp") return system.tmp_directory;
  if (name == "log") return system.log_directory;
  if (name == "data") return below(system.data, "/volumes");
  if (name == "backup") return below(system.backup_directory, "/backups");
  if (name == "archive") return below(system.archive_directory, "/archives");
  return {};
}

Result<OnceArgs> parseOnceArgs(const std::string &text) {
  const auto parsed = json::parseObject(text);
  if (!parsed) return parsed.error();
  OnceArgs out;
  out.suffix = json::text(*parsed, "suffix");
  out.image = json::text(*parsed, "image");
  out.hostname = json::text(*parsed, "hostname", "installer");
  out.label = json::text(*parsed, "label", "server_installer");
  out.output = json::text(*parsed, "output");
  out.command = json::texts(json::array(*parsed, "command"));
  if (!isSuffix(out.suffix)) return wrong("\"suffix\" has to begin with _ and name a container of its own");
  if (out.image.empty()) return wrong("\"image\" is missing");
  if (out.output.empty()) return wrong("\"output\" (a topic) is missing");
  if (const auto mounts = json::array(*parsed, "mounts"); !mounts.isNull())
    for (unsigned i = 0; i < mounts->size(); ++i) {
      auto from = parseMount(mounts->getObject(i));
      if (!from) return from.error();
      out.mounts.push_back(std::move(*from));
    }
  if (const auto minimum = json::object(*parsed, "minimum"); !minimum.isNull()) {
    out.has_minimum = true;
    out.minimum = {json::number(minimum, "memory"), json::number(minimum, "cpu")};
  }
  out.log_folder = json::text(*parsed, "log_folder");
  out.log_path = json::text(*parsed, "log_path");
  out.log_append = !(*parsed)->has("log_append") || json::flag(*parsed, "log_append");
  if (!out.log_folder.empty() && (configuredFolder(Config{}, out.log_folder).empty() || !isInner(out.log_path)))
    return wrong("\"log_folder\" and \"log_path\" do not name a file in a configured folder");
  return out;
}

void runOnce(OncePlace place, const ActPtr &act, const OnceArgs &args) {
  std::make_shared<Once>(std::move(place), act, args)->begin();
}

} // namespace pinion::core
