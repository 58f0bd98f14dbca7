#include "install.hpp"

#include "environment.hpp"
#include "install_log.hpp"
#include "node_files.hpp"

#include <pinion/cpp/json_text.hpp>

namespace install {

namespace {

constexpr std::uint32_t busy_ms = 5'000;
constexpr std::uint32_t sync_ms = 90'000;
constexpr std::uint32_t stop_ms = 60'000; // for the 10 seconds that the server gets, and its kill
constexpr std::uint32_t step_ms = 900'000;
constexpr std::uint32_t container_ms = 900'000; // its image may have to be pulled
constexpr std::uint32_t start_ms = 1'800'000;
constexpr std::int64_t default_limit_minutes = 1440;
constexpr std::size_t served_log_bytes = 8u << 20;

constexpr const char *busy_text = "Cannot execute server reinstall event while another power action is running.";

std::uint32_t limitMs(const Json &minutes) {
  const std::int64_t given = minutes.is_number_integer() ? minutes.get<std::int64_t>() : default_limit_minutes;
  const std::int64_t used = given < 1 || given > 7 * default_limit_minutes ? default_limit_minutes : given;
  return static_cast<std::uint32_t>(used * 60'000);
}

std::int64_t integer(const Json &value, std::int64_t otherwise) {
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

const Error deleted_error{PINION_E_CANCELLED, "the server was deleted"};

} // namespace

Result<void> Install::start() {
  struct Wanted {
    const char *topic;
    void (Install::*fn)(const EventView &);
  };
  for (const auto &[topic, fn] :
       {Wanted{"server.created", &Install::onCreated}, Wanted{"deleted", &Install::onDeleted},
        Wanted{"server.gone", &Install::onGone}, Wanted{"container run", &Install::onContainerRun}}) {
    auto handle = host_.subscribe(topic, PINION_POLICY_ALL, [this, topic = topic, fn = fn](const EventView &event) {
      if (event.topic == topic) (this->*fn)(event);
    });
    if (!handle) return handle.error();
    handles_.push_back(std::move(*handle));
  }
  if (auto added = host_.route("POST", "/api/servers/:server/install", "node", PINION_ROUTE_LANE,
                               [this](pinion::Exchange exchange) {
                                 Order order;
                                 order.sync_first = true;
                                 const std::string server = exchange.server();
                                 exchange.answer(202);
                                 host_.spawn(install(server, order));
                               });
      !added)
    return added;
  if (auto added =
          host_.route("POST", "/api/servers/:server/reinstall", "node", PINION_ROUTE_LANE,
                      [this](pinion::Exchange exchange) { host_.spawn(answerReinstall(std::move(exchange))); });
      !added)
    return added;
  return host_.route("GET", "/api/servers/:server/install-logs", "node", 0,
                     [this](pinion::Exchange exchange) { answerInstallLogs(std::move(exchange)); });
}

void Install::stop() { handles_.clear(); }

// ---- events and routes ------------------------------------------------------------------------------------------

void Install::onCreated(const EventView &event) {
  const Json payload = event.json();
  if (!payload.is_object()) return;
  std::string uuid(event.server);
  if (uuid.empty()) uuid = payload.value("uuid", "");
  Order order;
  order.start_after = payload.value("start_on_completion", false);
  order.make_container = true;
  if (!uuid.empty()) host_.spawn(install(uuid, order));
}

void Install::onDeleted(const EventView &event) {
  const auto found = runs_.find(event.server);
  if (found == runs_.end()) return;
  const RunPtr run = found->second;
  run->deleted = true;
  host_.cancel(run->pending); // a running container is removed by that
}

void Install::onGone(const EventView &event) {
  host_.spawn([](Install *self, std::string uuid) -> Task<void> {
    auto remove = [host = self->host_, uuid] { return removeLog(host, uuid); };
    const Result<bool> removed = co_await self->work<bool>(std::move(remove));
    if (!removed)
      self->log(PINION_LOG_WARN, "failed to remove the installation log of a deleted server", uuid, removed.error());
  }(this, std::string(event.server)));
}

void Install::onContainerRun(const EventView &event) {
  const auto found = runs_.find(event.server);
  const Json payload = event.json();
  if (found == runs_.end() || !payload.is_object() || payload.value("phase", "") != "started") return;
  publish("daemon message", found->first, "Starting installation process, this could take a few minutes...");
}

Task<void> Install::answerReinstall(pinion::Exchange exchange) {
  const std::string uuid = exchange.server();
  const Answer busy = co_await host_.call("power/busy", uuid, "{}", busy_ms);
  const Json told = busy ? Json::parse(*busy, nullptr, false) : Json();
  if (told.is_object() && told.value("busy", false)) {
    exchange.error(409, busy_text);
    co_return;
  }
  exchange.answer(202);
  Order order;
  order.reinstall = order.sync_first = order.stop_first = true;
  co_await install(uuid, order);
}

void Install::answerInstallLogs(pinion::Exchange exchange) {
  const Result<std::string> read = readLog(host_, exchange.server(), served_log_bytes);
  if (!read) return exchange.error(500, "failed to read the log for the installation process.");
  exchange.answer(200, "{\"data\":" + pinion::jsonString(scriptOutput(*read)) + "}");
}

// ---- the installation -------------------------------------------------------------------------------------------

Task<void> Install::install(std::string uuid, Order order) {
  if (runs_.contains(uuid)) {
    log(PINION_LOG_WARN, "an installation was not begun", uuid,
        {PINION_E_BUSY, "install: cannot obtain installation lock"});
    co_return;
  }
  const auto run = std::make_shared<Run>();
  run->uuid = uuid;
  runs_[uuid] = run;
  Result<void> done;
  {
    // Nothing else is done with the server meanwhile; power actions are refused.
    const Result<pinion::Handle> hold = host_.hold(uuid, "installing");
    if (hold) {
      done = co_await prepare(run, order);
      if (done && run->deleted) done = deleted_error;
      if (done) done = co_await execute(run, order);
    } else {
      done = hold.error();
    }
  }
  runs_.erase(uuid);
  if (run->deleted) co_return;
  if (!done) log(PINION_LOG_ERROR, "the installation of a server failed", uuid, done.error());
  co_await report(uuid, static_cast<bool>(done), order.reinstall);
  publish("install completed", uuid, "");
  if (done && order.start_after) co_await startServer(uuid);
}

Task<Result<void>> Install::prepare(RunPtr run, Order order) {
  if (order.stop_first) {
    Result<void> stopped = co_await stopServer(run);
    if (!stopped) co_return stopped;
  }
  if (order.sync_first) {
    Json payload;
    payload["uuid"] = run->uuid;
    const Answer synced = co_await call(run, "core/server-sync", payload.dump(), sync_ms);
    if (!synced)
      co_return Error{synced.error().code, "install: failed to sync server state with Panel: " + synced.error().text};
  }
  if (order.make_container) co_await makeContainer(run);
  co_return Result<void>();
}

// As Wings does before the first installation. A start makes it anew, so that a failure is no reason not to install.
Task<void> Install::makeContainer(RunPtr run) {
  for (const char *verb : {"pull", "create"}) {
    if (run->deleted) co_return;
    const Answer answer = co_await host_.act(run->uuid, verb, "{}", container_ms, &run->pending);
    if (answer) continue;
    if (!run->deleted)
      log(PINION_LOG_WARN, "the container of a new server could not be made yet", run->uuid, answer.error());
    co_return;
  }
}

// A node without a power plugin has nothing that could stop the server: it must be offline then.
Task<Result<void>> Install::stopServer(RunPtr run) {
  const Answer stopped = co_await call(run, "power/stop-and-wait", "{\"seconds\":10,\"kill\":true}", stop_ms);
  if (stopped) co_return Result<void>();
  const Json state = host_.server(run->uuid, "/state");
  if (stopped.error().code == PINION_E_NOT_FOUND && state == "offline") co_return Result<void>();
  co_return Error{stopped.error().code, "install: failed to stop running environment: " + stopped.error().text};
}

Task<Result<void>> Install::execute(RunPtr run, Order order) {
  const Json skip = host_.server(run->uuid, "/configuration/skip_egg_scripts");
  const bool skipped = skip.is_boolean() && skip.get<bool>();
  // Only told when the script will run: the Panel's page would flicker otherwise.
  if (!skipped) publish("install started", run->uuid, "");
  Result<void> done = co_await runSteps(run, "before-script", order.reinstall);
  if (done && !skipped) done = co_await runScript(run);
  if (done) done = co_await runSteps(run, "after-script", order.reinstall);
  co_return done;
}

Task<Result<void>> Install::runScript(RunPtr run) {
  Answer fetched = co_await host_.panel("GET", "/servers/" + run->uuid + "/install");
  if (run->deleted) co_return deleted_error;
  if (!fetched)
    co_return Error{fetched.error().code, "failed to fetch the installation script: " + fetched.error().text};
  const Result<Script> script = readScript(*fetched);
  if (!script) co_return script.error();

  LogHead head{run->uuid, (*script).image, (*script).entrypoint, {}};
  const Json timezone = host_.node("/timezone");
  head.environment = environmentList(host_.server(run->uuid, "/configuration"),
                                     timezone.is_string() ? timezone.get<std::string>() : "UTC");
  auto write = [host = host_, uuid = run->uuid, text = (*script).text, head = logHead(head)]() -> Result<bool> {
    if (auto written = writeScript(host, uuid, text); !written) return written;
    return writeLog(host, uuid, head, LogWrite::begin);
  };
  const Result<bool> written = co_await work<bool>(std::move(write));
  Result<void> done;
  if (!written)
    done = written.error();
  else if (run->deleted)
    done = deleted_error;
  else
    done = co_await runContainer(run, *script);

  auto clean = [host = host_, uuid = run->uuid,
                note = done || run->deleted
                           ? std::string()
                           : "\nThe installation failed: " + done.error().text + "\n"]() -> Result<bool> {
    if (!note.empty())
      if (auto noted = writeLog(host, uuid, note, LogWrite::append); !noted) return noted;
    return removeScript(host, uuid);
  };
  const Result<bool> cleaned = co_await work<bool>(std::move(clean));
  if (!cleaned) log(PINION_LOG_WARN, "an installation was not cleaned up", run->uuid, cleaned.error());
  co_return done;
}

Task<Result<void>> Install::runContainer(RunPtr run, Script script) {
  const std::string &uuid = run->uuid;
  Json args;
  args["suffix"] = "_installer";
  args["image"] = script.image;
  args["command"] = {script.entrypoint, "/mnt/install/install.sh"};
  args["hostname"] = "installer";
  args["label"] = "server_installer";
  Json server_mount;
  server_mount["server"] = true;
  server_mount["target"] = "/mnt/server";
  Json script_mount;
  script_mount["folder"] = "tmp";
  script_mount["path"] = uuid;
  script_mount["target"] = "/mnt/install";
  args["mounts"].push_back(server_mount);
  args["mounts"].push_back(script_mount);
  args["minimum"]["memory"] = integer(host_.node("/docker/installer_limits/memory"), 1024);
  args["minimum"]["cpu"] = integer(host_.node("/docker/installer_limits/cpu"), 100);
  args["output"] = "install output";
  args["log_folder"] = "log";
  args["log_path"] = "install/" + uuid + ".log";
  args["log_append"] = true;
  const std::uint32_t limit_ms = limitMs(host_.config("/limit_minutes"));
  // The script's own exit code does not count.
  const Answer ran = co_await host_.act(uuid, "run-once", args.dump(), limit_ms, &run->pending);
  if (run->deleted) co_return deleted_error;
  if (!ran) co_return ran.error();
  co_return Result<void>();
}

Task<Result<void>> Install::runSteps(RunPtr run, std::string phase, bool reinstall) {
  Json payload;
  payload["reinstall"] = reinstall;
  for (const auto &step : orderedSteps(host_.listOffers("install-step/"), phase)) {
    const Answer answer = co_await call(run, step.address, payload.dump(), step_ms);
    if (answer) continue;
    if (run->deleted) co_return answer.error();
    if (step.abort_on_failure) co_return Error{answer.error().code, step.address + ": " + answer.error().text};
    log(PINION_LOG_WARN, "a step of an installation failed: " + step.address, run->uuid, answer.error());
  }
  co_return Result<void>();
}

Task<void> Install::report(std::string uuid, bool successful, bool reinstall) {
  Json body;
  body["successful"] = successful;
  body["reinstall"] = reinstall;
  const Answer told = co_await host_.panel("POST", "/servers/" + uuid + "/install", body.dump());
  if (!told) log(PINION_LOG_WARN, "failed to notify panel of server install state", uuid, told.error());
}

Task<void> Install::startServer(std::string uuid) {
  const Answer started = co_await host_.call("power/act", uuid, "{\"action\":\"start\",\"wait_seconds\":30}", start_ms);
  if (!started) log(PINION_LOG_ERROR, "failed to start a server after its installation", uuid, started.error());
}

// ---- helpers of the above ---------------------------------------------------------------------------------------

Task<Answer> Install::call(RunPtr run, std::string address, std::string payload, std::uint32_t deadline_ms) {
  if (run->deleted) co_return deleted_error;
  Answer answer = co_await host_.call(address, run->uuid, payload, deadline_ms, &run->pending);
  if (run->deleted) co_return deleted_error;
  co_return answer;
}

void Install::publish(const char *topic, const std::string &uuid, std::string_view text) {
  if (const auto told = host_.publish(topic, uuid, text, PINION_EVENT_RAW); !told)
    log(PINION_LOG_ERROR, std::string("failed to publish ") + topic, uuid, told.error());
}

void Install::log(std::uint32_t level, std::string_view what, const std::string &uuid, const Error &error) const {
  Json fields;
  fields["server"] = uuid;
  fields["error"] = error.text;
  host_.log(level, what, fields);
}

} // namespace install
