#include "docker/runtime.hpp"

#include "docker/engine_error.hpp"
#include "docker/network.hpp"
#include "docker/node.hpp"
#include "docker/resources.hpp"
#include "docker/verbs.hpp"
#include "docker/watch.hpp"
#include "log/log.hpp"

#include <atomic>

namespace pinion::core {

namespace {

constexpr std::chrono::seconds kPrepare{10}; // one request at boot
constexpr const char *kInstaller = "_installer";

} // namespace

struct DockerRuntime::Impl {
  Engine &engine;
  LoopGroup &loops;
  Pool &workers;
  Bus &bus;
  ConfigStore &config;
  Containers containers{engine};
  std::shared_ptr<Acts> acts;
  std::shared_ptr<Figures> figures;
  std::shared_ptr<Runs> runs;
  std::shared_ptr<Waiting> waiting;
  std::shared_ptr<Watch> watch;
  VerbPlace place;
  std::atomic<bool> prepared{false}, stopped{false};

  Impl(Engine &docker, LoopGroup &group, Pool &pool, Bus &events, Disk &disk, ConfigStore &store)
      : engine(docker), loops(group), workers(pool), bus(events), config(store),
        acts(std::make_shared<Acts>(group.first())),
        figures(std::make_shared<Figures>(group.first(), docker, events, disk)),
        runs(std::make_shared<Runs>(containers, group, pool, events, figures)),
        waiting(std::make_shared<Waiting>(containers, group.first(), pool)),
        watch(std::make_shared<Watch>(docker, group.first(), pool, events,
                                      Watch::Hooks{[runs = runs, waiting = waiting](const ContainerEvent &event) {
                                                     runs->event(event);
                                                     if (event.action != "start") waiting->look(event.name);
                                                   },
                                                   [runs = runs, waiting = waiting] {
                                                     runs->lookAll();
                                                     waiting->lookAll();
                                                   }})),
        place{containers, {docker, group, pool, events}, waiting, runs, disk, store, ioWeightSupported()} {}
};

DockerRuntime::DockerRuntime(Engine &engine, LoopGroup &loops, Pool &workers, Bus &bus, Registry &, Disk &disk,
                             ConfigStore &config)
    : impl_(std::make_shared<Impl>(engine, loops, workers, bus, disk, config)) {
  impl_->figures->start();
  impl_->waiting->start();
}

DockerRuntime::~DockerRuntime() { stop(); }

Result<void> DockerRuntime::prepare() {
  impl_->watch->start(); // it goes on trying whatever the rest of this says
  bool created = false;
  const auto facts = ensureNodeNetwork(impl_->engine, impl_->config.get()->docker.network, kPrepare, created);
  if (!facts) return facts.error();
  impl_->config.derive([&](Config &config) { deriveNetwork(config, *facts, created); });
  impl_->prepared = true;
  return {};
}

void DockerRuntime::stop() {
  if (impl_->stopped.exchange(true)) return;
  impl_->acts->stop();
  impl_->watch->stop();
  impl_->waiting->stop();
  impl_->runs->stop();
  impl_->figures->stop();
}

Runtime::ActId DockerRuntime::act(const ServerPtr &server, const std::string &verb, const std::string &args,
                                  std::chrono::milliseconds deadline, Done done) {
  const auto act = impl_->acts->begin(server, deadline, std::move(done));
  if (!isVerb(verb)) {
    act->finish(Error{Code::unsupported, "environment/docker: there is no verb \"" + verb + "\""});
    return act->id();
  }
  const bool posted = impl_->workers.post([impl = impl_, act, verb, args] { perform(impl->place, act, verb, args); });
  if (!posted) act->finish(Error{Code::busy, "environment/docker: the workers are busy, try again later"});
  return act->id();
}

void DockerRuntime::cancel(ActId id) { impl_->acts->cancel(id); }

Result<void> DockerRuntime::input(const ServerPtr &server, std::string bytes) {
  return impl_->runs->input(server, std::move(bytes));
}

Result<std::vector<ServerId>> DockerRuntime::running(std::chrono::milliseconds deadline) {
  static const std::string what = "environment/docker: failed to list containers";
  const auto answer = impl_->engine.request("GET", "/containers/json", "", deadline);
  if (!answer) return during(what, answer.error());
  if (answer->status != 200) return engineError(what, *answer);
  const auto list = json::parseArray(answer->body);
  if (!list) return during(what, list.error());
  std::vector<ServerId> out;
  for (unsigned i = 0; i < (*list)->size(); ++i)
    for (std::string name : json::texts(json::array((*list)->getObject(i), "Names"))) {
      if (!name.empty() && name.front() == '/') name.erase(0, 1);
      if (const auto id = ServerId::parse(name)) out.push_back(*id);
    }
  return out;
}

Result<std::string> DockerRuntime::describe(std::chrono::milliseconds deadline) {
  return describeEngine(impl_->engine, deadline);
}

Result<std::string> DockerRuntime::maintain(const std::string &what, std::chrono::milliseconds deadline) {
  if (what == "disk") return engineDiskUse(impl_->engine, deadline);
  if (what == "image-prune") return pruneImages(impl_->engine, deadline);
  return Error{Code::unsupported, "environment/docker: there is no maintenance \"" + what + "\""};
}

Result<void> DockerRuntime::destroy(const ServerId &id, std::chrono::milliseconds deadline) {
  const auto limit = Clock::now() + deadline;
  impl_->runs->setQuiet(id, true);
  for (const std::string &name : {id.text(), id.text() + kInstaller})
    if (const auto removed = impl_->containers.remove(name, limit); !removed) {
      impl_->runs->setQuiet(id, false);
      return removed;
    }
  impl_->runs->discard(id);
  return {};
}

} // namespace pinion::core
