#include "docker/verbs.hpp"

#include "base/json_text.hpp"
#include "docker/engine_error.hpp"
#include "docker/line_splitter.hpp"
#include "docker/network.hpp"
#include "docker/run_once.hpp"
#include "docker/spec.hpp"
#include "log/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace pinion::core {

namespace {

using Answer = Result<std::string>;
constexpr std::int64_t kMostLogLines = 10000;

Clock::time_point deadlineOf(const ActPtr &act) { return Clock::now() + act->left(); }
Answer answered(const Result<void> &done) { return done ? Answer(std::string("{}")) : Answer(done.error()); }
const std::string &nameOf(const ActPtr &act) { return act->server()->text(); }

void inspect(const VerbPlace &place, const ActPtr &act, const json::Object &) {
  const auto state = place.containers.inspect(nameOf(act), deadlineOf(act));
  if (!state) return act->finish(state.error());
  const auto boolean = [](bool value) { return value ? "true" : "false"; };
  act->finish(std::string("{\"exists\":") + boolean(state->exists) + ",\"running\":" + boolean(state->running) +
              ",\"exit_code\":" + std::to_string(state->exit_code) + ",\"oom_killed\":" + boolean(state->oom_killed) +
              ",\"started_at_ms\":" + std::to_string(state->started_at_ms) + "}");
}

void pull(const VerbPlace &place, const ActPtr &act, const json::Object &args) {
  const std::string image = json::text(args, "image", act->server()->definition()->settings.image);
  if (image.empty()) return act->finish(Error{Code::invalid, "environment/docker: the server has no image"});
  if (image.front() == '~') return act->finish(std::string("{\"pulled\":false}"));
  pullImage(place.pulling, act, image, *place.config.get(), [act](const Result<void> &pulled) {
    act->finish(pulled ? Answer(std::string("{\"pulled\":true}")) : Answer(pulled.error()));
  });
}

Result<void> ensureNetworks(const VerbPlace &place, const Settings &settings, const Config &config,
                            Clock::time_point deadline) {
  auto &engine = place.containers.engine();
  if (const std::string forced = forcedNetwork(settings); !forced.empty())
    return ensureForcedNetwork(engine, forced, settings.default_allocation.ip, leftUntil(deadline));
  const auto &network = config.docker.network;
  if (network.mode != network.name) return {}; // another network, "host", "none": not ours to make
  bool created = false;
  const auto facts = ensureNodeNetwork(engine, network, leftUntil(deadline), created);
  return facts ? Result<void>() : Result<void>(facts.error());
}

Answer createServer(const VerbPlace &place, const ActPtr &act) {
  const auto definition = act->server()->definition();
  const auto &settings = definition->settings;
  const auto config = place.config.get();
  const auto deadline = deadlineOf(act);
  if (const auto ready = ensureNetworks(place, settings, *config, deadline); !ready) return ready.error();
  if (const auto tree = place.disk.tree(settings.id, true); !tree) return tree.error();
  if (const auto removed = place.containers.remove(nameOf(act), deadline); !removed) return removed.error();
  std::vector<std::string> warnings;
  auto mounts = serverMounts(settings, *config, place.disk.path(settings.id), warnings);
  const std::string body = serverBody({settings, *config, std::move(mounts), place.io_weight}, warnings);
  for (const auto &warning : warnings) log::warn(warning, {{"server", nameOf(act)}});
  const auto created = place.containers.create(nameOf(act), body, deadline);
  if (!created) return created.error();
  return "{\"id\":" + jsonString(*created) + "}";
}

void create(const VerbPlace &place, const ActPtr &act, const json::Object &) {
  auto answer = createServer(place, act);
  if (!answer) return act->finish(during("environment/docker: failed to run pre-boot process", answer.error()));
  act->finish(std::move(answer));
}

void attach(const VerbPlace &place, const ActPtr &act, const json::Object &) {
  act->finish(answered(place.runs->attach(act->server(), deadlineOf(act))));
}

void start(const VerbPlace &place, const ActPtr &act, const json::Object &) {
  const auto started = place.containers.start(nameOf(act), deadlineOf(act));
  // A container that did not start ends its console too; whoever asked for the start hears of it, once.
  if (started)
    place.runs->started(act->server());
  else if (started.error().code != Code::timeout)
    place.runs->discard(act->server()->id());
  act->finish(answered(started));
}

// The engine's own stop would hold a connection and a thread for as long as the game takes: what it does is sent here,
// the wait is Waiting's.
void stop(const VerbPlace &place, const ActPtr &act, const json::Object &args) {
  static const std::string what = "environment/docker: cannot stop container";
  const auto timeout = json::number(args, "timeout", -1);
  const auto state = place.containers.inspect(nameOf(act), deadlineOf(act));
  if (!state) return act->finish(during(what, state.error()));
  if (!state->exists || !state->running) return act->finish(std::string("{}"));
  const std::string signal = isSignalName(state->stop_signal) ? state->stop_signal : "SIGTERM";
  if (const auto sent = place.containers.signal(nameOf(act), signal, deadlineOf(act)); !sent)
    return act->finish(during(what, sent.error()));
  place.waiting->add(act, nameOf(act), [act] { act->finish(std::string("{}")); });
  if (timeout < 0) return;
  place.pulling.loops.first().after(std::chrono::seconds(std::min<std::int64_t>(timeout, 86400)), [place, act] {
    if (act->over()) return;
    place.pulling.workers.post([place, act] {
      if (act->over()) return;
      if (const auto killed = place.containers.signal(nameOf(act), "SIGKILL", deadlineOf(act)); !killed)
        act->finish(during(what, killed.error()));
    });
  });
}

void signal(const VerbPlace &place, const ActPtr &act, const json::Object &args) {
  act->finish(answered(place.containers.signal(nameOf(act), json::text(args, "signal", "SIGKILL"), deadlineOf(act))));
}

void wait(const VerbPlace &place, const ActPtr &act, const json::Object &) {
  place.waiting->add(act, nameOf(act), [act] { act->finish(std::string("{\"exited\":true}")); });
}

void remove(const VerbPlace &place, const ActPtr &act, const json::Object &) {
  act->finish(answered(place.containers.remove(nameOf(act), deadlineOf(act))));
}

void update(const VerbPlace &place, const ActPtr &act, const json::Object &) {
  static const std::string what = "environment/docker: could not update container";
  const auto definition = act->server()->definition();
  const auto answer = place.containers.engine().request(
      "POST", "/containers/" + urlEncoded(nameOf(act)) + "/update",
      updateBody(definition->settings, *place.config.get(), place.io_weight), act->left());
  if (!answer) return act->finish(during(what, answer.error()));
  if (answer->status == 404) return act->finish(std::string("{\"updated\":false}"));
  if (answer->status != 200) return act->finish(engineError(what, *answer));
  act->finish(std::string("{\"updated\":true}"));
}

void truncateLog(const VerbPlace &place, const ActPtr &act, const json::Object &) {
  const auto state = place.containers.inspect(nameOf(act), deadlineOf(act));
  if (!state) return act->finish(state.error());
  if (state->exists && !state->running && !state->log_path.empty()) {
    const UniqueFd file(::open(state->log_path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (file && ::ftruncate(file.get(), 0) != 0)
      return act->finish(Error{Code::io, "environment/docker: failed to truncate instance logs"});
  }
  act->finish(std::string("{}"));
}

void logs(const VerbPlace &place, const ActPtr &act, const json::Object &args) {
  static const std::string what = "environment/docker: failed to read logs";
  const auto tail = std::clamp<std::int64_t>(json::number(args, "tail", 100), 0, kMostLogLines);
  const auto state = place.containers.inspect(nameOf(act), deadlineOf(act));
  if (!state) return act->finish(during(what, state.error()));
  if (!state->exists)
    return act->finish(Error{Code::notFound, what + ": Error response from daemon: No such container: " + nameOf(act)});
  std::string out = "[", refusal;
  LineReader lines;
  FrameReader frames;
  const auto add = [&](std::string_view line) {
    if (out.size() > 1) out.push_back(',');
    appendJsonString(out, line);
  };
  const auto got = place.containers.engine().download(
      "/containers/" + state->id + "/logs?stdout=1&stderr=1&tail=" + std::to_string(tail), act->left(),
      [&](std::string_view bytes) {
        if (state->terminal)
          lines.feed(bytes, add);
        else
          frames.feed(bytes, [&](std::string_view payload) { lines.feed(payload, add); });
        return out.size() < (32U << 20);
      });
  if (!got && got.error().code != Code::cancelled) return act->finish(during(what, got.error()));
  if (got && *got != 200) return act->finish(engineError(what, *got, ""));
  lines.flush(add);
  act->finish(out + "]");
}

void runOnceVerb(const VerbPlace &place, const ActPtr &act, const std::string &args) {
  const auto parsed = parseOnceArgs(args);
  if (!parsed) return act->finish(parsed.error());
  runOnce({place.containers, place.pulling, place.waiting, place.disk, place.config.get(), place.io_weight}, act,
          *parsed);
}

using Verb = void (*)(const VerbPlace &, const ActPtr &, const json::Object &);
const std::map<std::string, Verb> &verbs() {
  static const std::map<std::string, Verb> table{{"inspect", inspect}, {"pull", pull},   {"create", create},
                                                 {"attach", attach},   {"start", start}, {"stop", stop},
                                                 {"signal", signal},   {"wait", wait},   {"remove", remove},
                                                 {"update", update},   {"logs", logs},   {"truncate-log", truncateLog}};
  return table;
}

} // namespace

bool isVerb(const std::string &verb) { return verb == "run-once" || verbs().count(verb) != 0; }

void perform(const VerbPlace &place, const ActPtr &act, const std::string &verb, const std::string &args) {
  if (act->over()) return;
  const auto parsed = json::parseObject(args.empty() ? "{}" : args);
  if (!parsed) return act->finish(during("environment/docker: arguments of " + verb, parsed.error()));
  if (verb == "run-once") return runOnceVerb(place, act, args);
  verbs().at(verb)(place, act, *parsed);
}

} // namespace pinion::core
