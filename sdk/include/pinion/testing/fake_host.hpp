// A daemon in memory, for unit tests of plugins. Header-only, one thread, no sleeping: the test pumps.
//
//   pinion::testing::FakeHost fake;
//   fake.addServer(uuid, {{"state", "offline"}});
//   pinion::testing::Running<Counter> counter(fake);        // or LoadedPlugin(fake, pinion_plugin_entry_v1)
//   REQUIRE(counter.start());
//   fake.publish("status", uuid, "running", PINION_EVENT_RAW); // the test plays the core and other plugins
//   fake.pump();                                               // the plugin's lane and pool work until both are at
//   rest REQUIRE(fake.published().back().topic == "counter.changed"); REQUIRE(fake.misuse().empty()); // no rule of the
//   ABI was broken
//
// Nothing of the plugin runs except inside start(), stop(), pump(), advance() and the functions below that say "pumps".
// The clock stands still until advance(). Ids, orders and answers are the same in every run.
#pragma once

#include <pinion/testing/detail/fake_archives.hpp>
#include <pinion/testing/detail/fake_bus.hpp>
#include <pinion/testing/detail/fake_fetch.hpp>
#include <pinion/testing/detail/fake_files.hpp>
#include <pinion/testing/detail/fake_http.hpp>
#include <pinion/testing/detail/fake_lane.hpp>
#include <pinion/testing/detail/fake_servers.hpp>

namespace pinion::testing {

struct FakeLog {
  uint32_t level;
  std::string message;
  Json fields;
};

class FakeHost {
public:
  // `plugin` is the id under which the plugin publishes; LoadedPlugin sets it from the entry.
  explicit FakeHost(std::string plugin = "test")
      : plugin_(std::move(plugin)), bus_(lane_, plugin_), http_(lane_), servers_(lane_), environment_(lane_),
        panel_(lane_), fetch_(lane_), archives_(lane_, files_) {
    raw_.size = sizeof raw_;
    raw_.abi_major = PINION_ABI_MAJOR;
    raw_.abi_minor = PINION_ABI_MINOR;
    raw_.impl = this;
    raw_.version = "0.0.0-fake";
    raw_.service = service();
    http_.server_known = [this](const std::string &uuid) { return servers_.documents.count(uuid) != 0; };
    archives_.server_known = http_.server_known;
    servers_.on_state = [this](const std::string &uuid, const std::string &state) {
      publish("status", uuid, state, PINION_EVENT_RAW);
    };
  }
  FakeHost(const FakeHost &) = delete;
  FakeHost &operator=(const FakeHost &) = delete;

  const pinion_host *raw() const { return &raw_; }
  const std::string &plugin() const { return plugin_; }
  void setPlugin(const std::string &id) { plugin_ = id; }

  // -- time and threads -----------------------------------------------------------------------------------------
  // Runs the plugin's lane and pool until nothing is left to do now. Returns how many jobs ran.
  std::size_t pump() { return lane_.pump(); }
  // Moves the clock by `ms`; timers tick and deadlines pass on the way, in order. Pumps.
  void advance(std::int64_t ms) { lane_.advance(ms); }
  std::int64_t now() const { return lane_.now(); } // ms since the fake was made
  std::size_t timers() const { return lane_.timers(); }
  void setWork(Work mode) { lane_.work_mode = mode; }
  std::size_t workWaiting() const { return lane_.workWaiting(); }
  void runWork() { lane_.runWork(); } // the oldest work; pumps
  void runNewestWork() { lane_.runNewestWork(); }
  // Broken rules, one sentence each. A good plugin leaves it empty.
  const std::vector<std::string> &misuse() const { return lane_.misuse; }

  // -- what can go wrong: before the plugin is made, and before the call that is to fail
  // -------------------------------
  void without(const std::string &service_id) { missing_.insert(service_id); }
  // The next call of `slot` fails: bus.publish, bus.subscribe, bus.offer, bus.call, timers.after, tasks.run,
  // routes.add, environment.act, panel.call, store.put, store.apply, fetch.open, archives.pack, archives.unpack.
  void failNext(const std::string &slot, pinion_status status) { failures_[slot] = status; }

  // -- log, configuration, store: plain data --------------------------------------------------------------------
  std::vector<FakeLog> logs;
  uint32_t log_level = PINION_LOG_DEBUG;
  Json config = Json::object(); // the plugin's own section
  Json node = Json::object();   // the facts of the node
  std::map<std::string, std::string> store;
  void changeConfig(Json now) {
    config = std::move(now);
    publish("config.changed", "", "{}");
  }

  // -- bus ------------------------------------------------------------------------------------------------------
  // What the plugin published, oldest first.
  std::vector<FakeEvent> &published() { return bus_.published; }
  std::vector<FakeEvent> published(const std::string &topic) const {
    std::vector<FakeEvent> out;
    for (const auto &event : bus_.published)
      if (event.topic == topic) out.push_back(event);
    return out;
  }
  // The test publishes as the core or as another plugin. `flags`: PINION_EVENT_RAW.
  void publish(const std::string &topic, const std::string &server, const std::string &payload, uint32_t flags = 0,
               const std::string &source = "core") {
    bus_.publish({topic, server, payload, source, flags});
  }
  // The test offers an address, as another plugin or the core does. The returned id ends it through withdraw().
  std::uint64_t offer(const std::string &address, detail::FakeBus::Answerer answerer,
                      const Json &about = Json::object(), const std::string &owner = "another") {
    std::uint64_t id = 0;
    pinion::detail::ErrorSlot slot;
    const pinion_status status =
        bus_.offer(address, about.dump(), owner, nullptr, nullptr, std::move(answerer), &id, slot.get());
    if (status != PINION_OK) throw std::runtime_error(slot.take(status).text);
    return id;
  }
  void withdraw(std::uint64_t id) { bus_.cancel(id); }
  // The test calls an address. Pumps; `done` is false while the answer is still to come.
  std::shared_ptr<FakeAnswer> call(const std::string &address, const std::string &server, const std::string &payload,
                                   uint32_t deadline_ms = 30000) {
    auto answer = std::make_shared<FakeAnswer>();
    auto state = std::make_shared<detail::CallState>();
    state->address = address;
    state->server = server;
    state->payload = payload;
    state->source = "another";
    state->deadline_ms = deadline_ms;
    state->done = [answer](pinion_status status, const std::string &text) { *answer = {true, status, text}; };
    bus_.call(std::move(state));
    pump();
    return answer;
  }
  std::string offers(const std::string &prefix = "") const { return bus_.list(prefix); } // as the slot list() gives it
  std::size_t subscriptions() const { return bus_.subscriptions(); }

  // -- routes and sockets ---------------------------------------------------------------------------------------
  // The test is a client. Pumps; `done` is false while the plugin keeps the reply.
  std::shared_ptr<FakeResponse> request(FakeRequest request) {
    auto response = http_.request(std::move(request));
    pump();
    return response;
  }
  std::shared_ptr<FakeResponse> request(const std::string &method, const std::string &target,
                                        const std::string &body = "") {
    FakeRequest made;
    made.method = method;
    made.target = target;
    made.body = body;
    return request(std::move(made));
  }
  // A WebSocket handshake. Pumps; throws when the plugin did not accept it.
  FakeSocket &connect(const std::string &target, const Json &claims = Json::object()) {
    FakeRequest made;
    made.target = target;
    made.claims = claims;
    made.headers["Upgrade"] = "websocket";
    const auto response = request(std::move(made));
    if (!response->socket)
      throw std::runtime_error("the handshake for " + target + " was answered " + std::to_string(response->status));
    return socket(*response->socket);
  }
  FakeSocket &socket(std::uint64_t id) {
    FakeSocket *found = http_.socket(id);
    if (found == nullptr) throw std::runtime_error("there is no socket " + std::to_string(id));
    return *found;
  }
  std::size_t openSockets() const { return http_.openSockets(); }

  // -- servers and files ----------------------------------------------------------------------------------------
  // `document`: members of pinion_servers_v1::read that the test cares for; the rest gets plain values.
  void addServer(const std::string &uuid, const Json &document = Json::object()) {
    Json made = {{"uuid", uuid},
                 {"state", "offline"},
                 {"suspended", false},
                 {"held_by", nullptr},
                 {"utilization", Json::object()},
                 {"configuration", Json::object()},
                 {"process_configuration", Json::object()}};
    made.update(document);
    servers_.documents[uuid] = std::move(made);
  }
  Json &server(const std::string &uuid) { return servers_.documents.at(uuid); }
  void removeServer(const std::string &uuid) {
    servers_.documents.erase(uuid);
    publish("server.gone", uuid, "{}");
  }
  std::filesystem::path serverFolder(const std::string &uuid) { return files_.server(uuid); }
  std::filesystem::path nodeFolder(const std::string &name) { return files_.folderPath(name); }
  // The server's denylist names the path, which has no first slash.
  void denyFile(const std::string &uuid, const std::string &path) { files_.denials[uuid].insert(path); }
  void limitDisk(const std::string &uuid, std::int64_t bytes) { files_.limits[uuid] = bytes; }

  // -- environment and Panel ------------------------------------------------------------------------------------
  // What the plugin asked for, oldest first. Answer by ok() or fail() of one of them, or let a function answer.
  std::vector<FakeAsked> &acts() { return environment_.asked; }
  std::vector<FakeAsked> &panelCalls() { return panel_.asked; }
  void onAct(const std::string &verb, detail::FakeOutside::Answerer answerer) {
    environment_.answerers[verb] = std::move(answerer);
  }
  // `what`: "POST /servers/UUID/install", or "" for every call that has no function of its own.
  void onPanel(const std::string &what, detail::FakeOutside::Answerer answerer) {
    panel_.answerers[what] = std::move(answerer);
  }
  // The newest act of that verb; throws when there is none. Pumps.
  FakeAsked act(const std::string &verb) {
    pump();
    for (auto it = acts().rbegin(); it != acts().rend(); ++it)
      if (it->verb == verb) return *it;
    throw std::runtime_error("the plugin did not ask for the act \"" + verb + "\"");
  }
  // The verbs asked for so far, oldest first.
  std::vector<std::string> verbs() {
    std::vector<std::string> out;
    for (const auto &one : acts()) out.push_back(one.verb);
    return out;
  }
  // From now on input() succeeds for the server; what was typed is in console().
  void attachConsole(const std::string &uuid) { servers_.console[uuid]; }
  void detachConsole(const std::string &uuid) { servers_.console.erase(uuid); }
  const std::string &console(const std::string &uuid) const { return servers_.console.at(uuid); }

  // -- archives -------------------------------------------------------------------------------------------------
  // Archives are plain tar whatever format was asked for: tarOf() makes one, readTar() tells what is in it. One entry
  // after another is packed or unpacked on the pool. `fn` is called before each, with its name: for what happens
  // meanwhile (cancel, removeServer, a changed disk).
  void duringArchives(std::function<void(const std::string &name)> fn) { archives_.meanwhile = std::move(fn); }
  std::size_t openArchives() const { return archives_.running(); }

  // -- other hosts ----------------------------------------------------------------------------------------------
  // What pinion.fetch/1 gets for a URL; others fail with IO.
  void page(const std::string &url, FakePage page) { fetch_.pages[url] = std::move(page); }
  const std::vector<Json> &fetched() const { return fetch_.asked; } // the requests, oldest first
  std::size_t openFetches() const { return fetch_.open(); }

  // -- tokens ---------------------------------------------------------------------------------------------------
  void addToken(const std::string &jwt, const std::string &scope, const Json &claims) {
    tokens_.known[jwt] = {scope, claims};
  }
  const std::vector<Json> &denied() const { return tokens_.denied; }

  // -- the plugin's life: used by LoadedPlugin and Running ------------------------------------------------------------
  // Calls into the plugin as the host does on main.
  template <typename F> void onMain(F f) { lane_.in(detail::Context::main, f); }
  // Calls into the plugin as the host does on the lane, then pumps.
  template <typename F> void onLane(F f) {
    lane_.post(std::move(f));
    pump();
  }
  void closeRoutes() { http_.routes_closed = true; }
  // Ends every id of the plugin without calling it, as after stop().
  void endPlugin() {
    http_.clearPlugin();
    bus_.clearPlugin();
    environment_.clearPlugin();
    panel_.clearPlugin();
    fetch_.clearPlugin();
    archives_.clearPlugin();
    servers_.clearPlugin();
    lane_.clear();
    http_.routes_closed = false;
  }

private:
  struct Tables;
  static decltype(pinion_host::service) service();

  pinion_status cancel(std::uint64_t id) {
    const bool known = bus_.cancel(id) || lane_.cancelTimer(id) || lane_.cancelWork(id) || http_.cancel(id) ||
                       servers_.cancel(id) || environment_.cancel(id) || panel_.cancel(id) || archives_.cancel(id);
    return known ? PINION_OK : PINION_E_NOT_FOUND;
  }

  pinion_host raw_{};
  std::string plugin_;
  std::set<std::string> missing_;
  std::map<std::string, pinion_status> failures_;
  detail::FakeLane lane_;
  detail::FakeBus bus_;
  detail::FakeHttp http_;
  detail::FakeServers servers_;
  detail::FakeOutside environment_, panel_;
  detail::FakeFetch fetch_;
  detail::FakeTokens tokens_;
  detail::FakeFiles files_;
  detail::FakeArchives archives_;
};

// A plugin behind its C entry, as the daemon's loader drives it. Stops it when it goes.
class LoadedPlugin {
public:
  LoadedPlugin(FakeHost &host, const pinion_entry_v1 &entry) : host_(host), entry_(entry) {
    if (entry.id != nullptr) host_.setPlugin(entry.id);
  }
  LoadedPlugin(const LoadedPlugin &) = delete;
  LoadedPlugin &operator=(const LoadedPlugin &) = delete;
  ~LoadedPlugin() { stop(); }

  // create() and start(). A plugin whose start fails is destroyed again.
  Result<void> start() {
    pinion::detail::ErrorSlot slot;
    pinion_status status = entry_.create(host_.raw(), &plugin_, slot.get());
    if (status != PINION_OK) return slot.take(status);
    created_ = true;
    if (plugin_.start != nullptr) status = plugin_.start(plugin_.self, slot.get());
    host_.closeRoutes();
    if (status == PINION_OK) return {};
    end(false);
    return slot.take(status);
  }
  // stop(), the end of all its ids, destroy(). Again does nothing.
  void stop() { end(true); }
  void *self() const { return plugin_.self; }

private:
  void end(bool was_started) {
    if (!std::exchange(created_, false)) return;
    if (was_started && plugin_.stop != nullptr) plugin_.stop(plugin_.self);
    host_.endPlugin();
    if (plugin_.destroy != nullptr) plugin_.destroy(plugin_.self);
    plugin_ = {};
  }
  FakeHost &host_;
  const pinion_entry_v1 entry_;
  pinion_plugin_v1 plugin_{};
  bool created_ = false;
};

// A C++ plugin class without its entry: `running->member()` reaches the object. The plugin exists after start().
template <typename Plugin> class Running {
public:
  explicit Running(FakeHost &host, const char *id = "test")
      : loaded_(host, pinion_entry_v1{sizeof(pinion_entry_v1), PINION_ABI_MAJOR, PINION_ABI_MINOR, id, "0", "", nullptr,
                                      &pinion::detail::Trampoline<Plugin>::create}) {}
  Result<void> start() { return loaded_.start(); }
  void stop() { loaded_.stop(); }
  Plugin *operator->() { return &static_cast<pinion::detail::Trampoline<Plugin> *>(loaded_.self())->plugin; }
  Host &host() { return static_cast<pinion::detail::Trampoline<Plugin> *>(loaded_.self())->host; }

private:
  LoadedPlugin loaded_;
};

} // namespace pinion::testing

#include <pinion/testing/detail/fake_tables.hpp>

inline decltype(pinion_host::service) pinion::testing::FakeHost::service() { return &Tables::service; }
