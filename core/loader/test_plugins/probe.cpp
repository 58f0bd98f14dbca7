// A plugin in plain C style that does on its lane what the test asks of its offer "probe/do", and answers "STATUS
// text". The payload is a list of words; see `operations` below. What happens to it is published as events "probe.*".
#include <pinion/services.h>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

struct Tables {
  const pinion_bus_v1 *bus;
  const pinion_reply_v1 *reply;
  const pinion_log_v1 *log;
  const pinion_config_v1 *config;
  const pinion_timers_v1 *timers;
  const pinion_tasks_v1 *tasks;
  const pinion_routes_v1 *routes;
  const pinion_servers_v1 *servers;
  const pinion_files_v1 *files;
  const pinion_archives_v1 *archives;
  const pinion_fetch_v1 *fetch;
  const pinion_environment_v1 *environment;
  const pinion_panel_v1 *panel;
  const pinion_tokens_v1 *tokens;
  const pinion_store_v1 *store;
};

const pinion_host *host;
Tables t;
std::map<std::string, uint64_t> ids; // by the name that the test gave
int ticks = 0;
std::atomic<bool> call_done = false;

// Work that blocks until it is released, 20 s at most.
std::mutex gate_mutex;
std::condition_variable gate_changed;
bool gate_open = false;

void openGate(bool open) {
  const std::lock_guard lock(gate_mutex);
  gate_open = open;
  gate_changed.notify_all();
}

pinion_span span(const std::string &text) { return {text.data(), text.size()}; }
std::string text(pinion_span bytes) { return {static_cast<const char *>(bytes.data), bytes.size}; }

pinion_status append(void *out, pinion_span chunk) {
  static_cast<std::string *>(out)->append(text(chunk));
  return PINION_OK;
}

struct Out {
  std::string value;
  pinion_sink sink{&value, &append};
  pinion_error error{};
  Out() { error.size = sizeof error; }
  std::string say(pinion_status status) const {
    return std::to_string(status) + " " + (status == PINION_OK ? value : error.message);
  }
};

void tell(const char *topic, const std::string &payload) {
  pinion_event event{};
  event.size = sizeof event;
  event.flags = PINION_EVENT_RAW;
  event.topic = topic;
  event.payload = span(payload);
  t.bus->publish(host, &event, nullptr);
}

void heard(void *, const pinion_event *e) {
  tell("probe.heard", std::string(e->topic) + " " + e->source + " " + (e->server != nullptr ? e->server : "-") + " " +
                          text(e->payload) + ((e->flags & PINION_EVENT_GAP) != 0 ? " gap" : ""));
}
void echo(void *, const pinion_event *e, pinion_reply *reply) { t.reply->answer(reply, PINION_OK, e->payload); }
// The name of the thread, as the daemon names its threads, without the number.
std::string threadName() {
  char name[16] = "";
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return std::string(name, std::strcspn(name, "-0123456789"));
}
void archiveDone(void *, pinion_status status, pinion_span answer) {
  tell("probe.done", "archive " + std::to_string(status) + " " + text(answer));
  tell("probe.thread", threadName());
}
void archiveTold(void *, pinion_span progress) { tell("probe.progress", text(progress)); }
void tick(void *) { tell("probe.tick", std::to_string(++ticks)); }
void done(void *user, pinion_status status, pinion_span answer) {
  if (std::strcmp(static_cast<const char *>(user), "call") == 0) call_done = true;
  tell("probe.done", std::string(static_cast<const char *>(user)) + " " + std::to_string(status) + " " + text(answer));
}
pinion_status work(void *) {
  tell("probe.work", "");
  return PINION_E_IO;
}
pinion_status blockWork(void *) {
  tell("probe.blocked", "");
  std::unique_lock lock(gate_mutex);
  gate_changed.wait_for(lock, std::chrono::seconds(20), [] { return gate_open; });
  lock.unlock();
  tell("probe.unblocked", "");
  return PINION_OK;
}
std::atomic<pinion_fetch *> head_of = nullptr;
pinion_status fetchHead(void *) {
  Out out;
  const pinion_status status = t.fetch->head(head_of, &out.sink, &out.error);
  tell("probe.head", out.say(status));
  return PINION_OK;
}
pinion_status releaseWork(void *) {
  openGate(true);
  return PINION_OK;
}
// Ends a call and a task from the pool; tells whether their done functions had come when cancel() returned.
pinion_status cancelWork(void *) {
  const pinion_status status = t.bus->cancel(host, ids["c"]);
  tell("probe.pool", std::to_string(status) + (call_done ? " after done" : " before done"));
  return PINION_OK;
}
pinion_status cancelItself(void *) {
  tell("probe.itself", std::to_string(t.bus->cancel(host, ids["self"])));
  return PINION_OK;
}
const std::map<std::string, pinion_work_fn> works{
    {"block", &blockWork}, {"release", &releaseWork}, {"cancel", &cancelWork}, {"self", &cancelItself}};

void cancelOwn(void *, const pinion_event *) { tell("probe.own", std::to_string(t.bus->cancel(host, ids["own"]))); }

std::string cancelAll(const Words &w) {
  std::string out;
  for (std::size_t i = 1; i < w.size(); ++i) out += std::to_string(t.bus->cancel(host, ids[w[i]])) + " ";
  return out;
}

std::string nulls(const Words &) {
  // Every function that takes a pointer is called with NULLs; the names of those that do not say INVALID come back.
  std::string wrong;
  uint64_t id = 0;
  const auto expect = [&](const char *name, int64_t status) {
    if (status != PINION_E_INVALID) wrong += std::string(name) + "=" + std::to_string(status) + " ";
  };
  const pinion_host *const none = nullptr;
  const pinion_span bad{nullptr, 5};
  pinion_event event{};
  expect("publish", t.bus->publish(host, nullptr, nullptr));
  expect("publish size", t.bus->publish(host, &event, nullptr));
  event.size = sizeof event;
  expect("publish topic", t.bus->publish(host, &event, nullptr));
  event.topic = "probe.\xff";
  expect("publish utf-8", t.bus->publish(host, &event, nullptr));
  event.topic = "probe.x";
  event.payload = bad;
  expect("publish payload", t.bus->publish(host, &event, nullptr));
  event.payload = pinion_span{};
  event.server = "NOT-A-UUID";
  expect("publish server", t.bus->publish(host, &event, nullptr));
  event.server = nullptr;
  expect("publish host", t.bus->publish(none, &event, nullptr));
  expect("subscribe", t.bus->subscribe(host, nullptr, 0, &heard, nullptr, &id, nullptr));
  expect("subscribe fn", t.bus->subscribe(host, "x", 0, nullptr, nullptr, &id, nullptr));
  expect("subscribe id", t.bus->subscribe(host, "x", 0, &heard, nullptr, nullptr, nullptr));
  expect("subscribe policy", t.bus->subscribe(host, "x", 9, &heard, nullptr, &id, nullptr));
  expect("subscribe pattern", t.bus->subscribe(host, "x*y", 0, &heard, nullptr, &id, nullptr));
  expect("offer", t.bus->offer(host, nullptr, {}, &echo, nullptr, &id, nullptr));
  expect("offer empty", t.bus->offer(host, "", {}, &echo, nullptr, &id, nullptr));
  expect("offer fn", t.bus->offer(host, "probe/x", {}, nullptr, nullptr, &id, nullptr));
  expect("offer about", t.bus->offer(host, "probe/x", span("[1]"), &echo, nullptr, &id, nullptr));
  expect("call", t.bus->call(host, nullptr, &event, 1, &done, nullptr, &id, nullptr));
  expect("call event", t.bus->call(host, "x", nullptr, 1, &done, nullptr, &id, nullptr));
  expect("call done", t.bus->call(host, "x", &event, 1, nullptr, nullptr, &id, nullptr));
  expect("list", t.bus->list(host, nullptr, nullptr));
  expect("list sink", t.bus->list(host, "", nullptr));
  expect("answer", t.reply->answer(nullptr, 0, {}));
  expect("keep", t.reply->keep(nullptr));
  expect("config", t.config->read(host, nullptr, nullptr, nullptr));
  expect("node", t.config->node(host, nullptr, nullptr, nullptr));
  expect("after", t.timers->after(host, 0, 0, nullptr, nullptr, &id, nullptr));
  expect("after id", t.timers->after(host, 0, 0, &tick, nullptr, nullptr, nullptr));
  expect("run", t.tasks->run(host, nullptr, &done, nullptr, &id, nullptr));
  expect("run done", t.tasks->run(host, &work, nullptr, nullptr, &id, nullptr));
  expect("run_long work", t.tasks->run_long(host, nullptr, &done, nullptr, &id, nullptr));
  expect("add", t.routes->add(host, nullptr, nullptr, nullptr, &id, nullptr));
  expect("field", t.routes->field(nullptr, "path", nullptr));
  expect("read_body", t.routes->read_body(nullptr, nullptr, 0));
  expect("head", t.routes->head(nullptr, 200, {}));
  expect("head status", t.routes->head(nullptr, 99, {}));
  expect("send", t.routes->send(nullptr, {}));
  expect("accept", t.routes->accept(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr));
  expect("frame opcode", t.routes->frame(host, 1, 7, {}));
  expect("broadcast", t.routes->broadcast(host, nullptr, 3, 1, 0, {}));
  expect("close code", t.routes->close(host, 1, 17, {}));
  expect("servers", t.servers->list(host, nullptr));
  expect("server read", t.servers->read(host, nullptr, "", nullptr, nullptr));
  expect("hold", t.servers->hold(host, nullptr, nullptr, &id, nullptr));
  expect("set_state", t.servers->set_state(host, nullptr, nullptr, nullptr));
  expect("open", t.files->open(host, nullptr, nullptr, 0, 0, nullptr));
  expect("files stat", t.files->stat(host, nullptr, nullptr, nullptr, nullptr));
  expect("files entries", t.files->entries(host, nullptr, nullptr, nullptr, nullptr, nullptr));
  expect("make folder", t.files->make_folder(host, nullptr, nullptr, 0, 0, nullptr));
  expect("rename", t.files->rename(host, nullptr, nullptr, nullptr, 0, nullptr));
  expect("remove", t.files->remove(host, nullptr, nullptr, 0, nullptr));
  expect("open in", t.files->open_in(host, -1, nullptr, 0, nullptr));
  expect("copy", t.files->copy(host, nullptr, nullptr, nullptr, 0, nullptr));
  expect("link", t.files->link(host, nullptr, nullptr, nullptr, 0, nullptr));
  expect("set times", t.files->set_times(host, nullptr, nullptr, 0, 0, 0, nullptr));
  expect("place", t.files->place(host, nullptr, -1, nullptr, 0, nullptr));
  expect("denied", t.files->denied(host, nullptr, nullptr));
  expect("set mode", t.files->set_mode(host, nullptr, nullptr, 0, 0, nullptr));
  expect("set owner", t.files->set_owner(host, nullptr, nullptr, nullptr));
  expect("remove in", t.files->remove_in(host, nullptr, nullptr, nullptr));
  expect("usage", t.files->usage(host, nullptr, 0, nullptr, nullptr));
  expect("reserve", t.files->reserve(host, nullptr, 1, nullptr));
  expect("folder", t.files->folder(host, nullptr, nullptr));
  expect("pack", t.archives->pack(host, nullptr, -1, {}, nullptr, &done, nullptr, &id, nullptr));
  expect("unpack", t.archives->unpack(host, nullptr, -1, {}, nullptr, &done, nullptr, &id, nullptr));
  expect("unpack host", t.archives->unpack(none, nullptr, -1, {}, nullptr, &done, nullptr, &id, nullptr));
  expect("head", t.fetch->head(nullptr, nullptr, nullptr));
  expect("read fetch", t.fetch->read(nullptr, nullptr, 0, nullptr));
  expect("act", t.environment->act(host, nullptr, nullptr, {}, 0, &done, nullptr, &id, nullptr));
  expect("input", t.environment->input(host, nullptr, bad, nullptr));
  expect("panel", t.panel->call(host, nullptr, nullptr, {}, &done, nullptr, &id, nullptr));
  expect("panel path", t.panel->call(host, "GET", "x", {}, &done, nullptr, &id, nullptr));
  expect("verify", t.tokens->verify(host, bad, nullptr, nullptr, nullptr));
  expect("use_once", t.tokens->use_once(host, nullptr, 0, nullptr));
  expect("deny", t.tokens->deny(host, span("{}"), nullptr));
  expect("get", t.store->get(host, nullptr, nullptr));
  expect("put", t.store->put(host, "", {}, nullptr));
  expect("scan", t.store->scan(host, nullptr, nullptr));
  expect("apply", t.store->apply(host, nullptr, 1, nullptr));
  const pinion_store_change nameless{nullptr, span("x")};
  expect("apply key", t.store->apply(host, &nameless, 1, nullptr));
  expect("page", t.store->page(host, nullptr, nullptr, 1, nullptr, nullptr));
  t.log->write(nullptr, 1, bad, bad);
  t.log->write(host, 1, bad, {});
  return wrong.empty() ? "all invalid" : wrong;
}

uint32_t flags(const std::string &word) { return static_cast<uint32_t>(std::stoul(word)); }

// Begins an archive with the descriptor called w[1], as often as w[4] says; tells of the last time.
std::string archive(const Words &w, decltype(pinion_archives_v1::pack) begin) { // name, server, options, times
  Out out;
  std::string said;
  const auto fd = ids.find("fd " + w[1]);
  for (int i = 0; i < std::stoi(w[4]); ++i)
    said = out.say(begin(host, w[2].c_str(), fd == ids.end() ? -1 : static_cast<int32_t>(fd->second), span(w[3]),
                         &archiveTold, &archiveDone, nullptr, &ids[w[1]], &out.error));
  return said;
}

// What the file holds, which is closed.
std::string contentOf(int fd, Out &out) {
  char buffer[256];
  if (const auto got = ::read(fd, buffer, sizeof buffer); got > 0)
    out.value.assign(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  return out.say(PINION_OK);
}

const std::map<std::string, std::function<std::string(const Words &)>> operations{
    {"nulls", &nulls},
    {"cancel", &cancelAll},
    {"publish",
     [](const Words &w) { // topic, payload, server
       Out out;
       pinion_event event{};
       event.size = sizeof event;
       event.topic = w[1].c_str();
       const std::string payload = w.size() > 2 ? w[2] : "";
       event.payload = span(payload);
       event.server = w.size() > 3 ? w[3].c_str() : nullptr;
       return out.say(t.bus->publish(host, &event, &out.error));
     }},
    {"subscribe",
     [](const Words &w) { // name, pattern, policy
       Out out;
       return out.say(t.bus->subscribe(host, w[2].c_str(), static_cast<uint32_t>(std::stoul(w[3])),
                                       w[1] == "own" ? &cancelOwn : &heard, nullptr, &ids[w[1]], &out.error));
     }},
    {"offer",
     [](const Words &w) { // name, address
       Out out;
       return out.say(
           t.bus->offer(host, w[2].c_str(), span(R"({ "order": 50 })"), &echo, nullptr, &ids[w[1]], &out.error));
     }},
    {"call",
     [](const Words &w) { // name, address, payload, deadline
       Out out;
       call_done = false;
       pinion_event event{};
       event.size = sizeof event;
       event.payload = span(w[3]);
       return out.say(t.bus->call(host, w[2].c_str(), &event, static_cast<uint32_t>(std::stoul(w[4])), &done,
                                  const_cast<char *>("call"), &ids[w[1]], &out.error));
     }},
    {"list",
     [](const Words &w) {
       Out out;
       return out.say(t.bus->list(host, w[1].c_str(), &out.sink));
     }},
    {"after",
     [](const Words &w) { // name, after, every
       Out out;
       ticks = 0;
       return out.say(t.timers->after(host, static_cast<uint32_t>(std::stoul(w[2])),
                                      static_cast<uint32_t>(std::stoul(w[3])), &tick, nullptr, &ids[w[1]], &out.error));
     }},
    {"run",
     [](const Words &w) {
       Out out;
       return out.say(t.tasks->run(host, &work, &done, const_cast<char *>("task"), &ids[w[1]], &out.error));
     }},
    {"work",
     [](const Words &w) { // name, what
       Out out;
       openGate(false);
       return out.say(t.tasks->run(host, works.at(w[2]), &done, const_cast<char *>("work"), &ids[w[1]], &out.error));
     }},
    {"long-work", // name, what, how often
     [](const Words &w) {
       Out out;
       openGate(false);
       std::string said;
       for (int i = 0; i < std::stoi(w[3]); ++i)
         said = out.say(
             t.tasks->run_long(host, works.at(w[2]), &done, const_cast<char *>("long"), &ids[w[1]], &out.error));
       return said;
     }},
    {"sub-gate", // topic: opens the gate
     [](const Words &w) {
       Out out;
       return out.say(t.bus->subscribe(
           host, w[1].c_str(), PINION_POLICY_ALL, [](void *, const pinion_event *) { openGate(true); }, nullptr,
           &ids["gate"], &out.error));
     }},
    {"open-gate",
     [](const Words &) {
       openGate(true);
       return std::string();
     }},
    {"cancel-blocked",
     [](const Words &w) { // name: a task that blocks; its release is another task, so that cancel() has to wait for it
       uint64_t id = 0;
       t.tasks->run(host, &releaseWork, &done, const_cast<char *>("release"), &id, nullptr);
       const pinion_status status = t.bus->cancel(host, ids[w[1]]);
       tell("probe.returned", "");
       return std::to_string(status);
     }},
    {"act",
     [](const Words &w) { // name, server, verb, args
       Out out;
       return out.say(t.environment->act(host, w[2].c_str(), w[3].c_str(), span(w[4]), 20000, &done,
                                         const_cast<char *>("act"), &ids[w[1]], &out.error));
     }},
    {"input",
     [](const Words &w) {
       Out out;
       return out.say(t.environment->input(host, w[1].c_str(), span(w[2]), &out.error));
     }},
    {"panel",
     [](const Words &w) { // name, method, path, body
       Out out;
       return out.say(t.panel->call(host, w[2].c_str(), w[3].c_str(), span(w[4]), &done, const_cast<char *>("panel"),
                                    &ids[w[1]], &out.error));
     }},
    {"config",
     [](const Words &w) {
       Out out;
       return out.say(t.config->read(host, w[1].c_str(), &out.sink, &out.error));
     }},
    {"node",
     [](const Words &w) {
       Out out;
       return out.say(t.config->node(host, w[1].c_str(), &out.sink, &out.error));
     }},
    {"servers",
     [](const Words &) {
       Out out;
       return out.say(t.servers->list(host, &out.sink));
     }},
    {"read",
     [](const Words &w) {
       Out out;
       return out.say(t.servers->read(host, w[1].c_str(), w.size() > 2 ? w[2].c_str() : "", &out.sink, &out.error));
     }},
    {"hold",
     [](const Words &w) { // name, server, why
       Out out;
       return out.say(t.servers->hold(host, w[2].c_str(), w[3].c_str(), &ids[w[1]], &out.error));
     }},
    {"state",
     [](const Words &w) {
       Out out;
       return out.say(t.servers->set_state(host, w[1].c_str(), w[2].c_str(), &out.error));
     }},
    {"open",
     [](const Words &w) { // server, path, flags, content
       Out out;
       const int32_t fd = t.files->open(host, w[1].c_str(), w[2].c_str(), flags(w[3]), 0, &out.error);
       if (fd < 0) return out.say(fd);
       if (w.size() > 4 && ::write(fd, w[4].data(), w[4].size()) < 0) out.value = "write failed";
       if (w.size() <= 4) return contentOf(fd, out);
       ::close(fd);
       return out.say(PINION_OK);
     }},
    {"pack", [](const Words &w) { return archive(w, t.archives->pack); }},
    {"unpack", [](const Words &w) { return archive(w, t.archives->unpack); }},
    {"keep-open",
     [](const Words &w) { // name, server, path, flags: until let-go
       Out out;
       const int32_t fd = t.files->open(host, w[2].c_str(), w[3].c_str(), flags(w[4]), 0, &out.error);
       if (fd < 0) return out.say(fd);
       ids["fd " + w[1]] = static_cast<uint64_t>(fd);
       return out.say(PINION_OK);
     }},
    {"pipe",
     [](const Words &w) { // name of the end to read, of the end to write: nothing is ever put through by itself
       int ends[2];
       if (::pipe2(ends, O_CLOEXEC) != 0) return std::string("no pipe");
       ids["fd " + w[1]] = static_cast<uint64_t>(ends[0]);
       ids["fd " + w[2]] = static_cast<uint64_t>(ends[1]);
       return std::string("0 ");
     }},
    {"fetch-open", // name, request
     [](const Words &w) {
       Out out;
       ids["fetch " + w[1]] = reinterpret_cast<uintptr_t>(t.fetch->open(host, span(w[2]), &out.error));
       return ids["fetch " + w[1]] != 0 ? std::string("0 ") : out.say(out.error.code);
     }},
    {"fetch-head", // name: asks for the head as long work, and tells what came of it
     [](const Words &w) {
       Out out;
       head_of = reinterpret_cast<pinion_fetch *>(ids["fetch " + w[1]]);
       return out.say(
           t.tasks->run_long(host, &fetchHead, &done, const_cast<char *>("fetch"), &ids["head"], &out.error));
     }},
    {"fetch-end", // name, cancel or close
     [](const Words &w) {
       auto *const fetch = reinterpret_cast<pinion_fetch *>(ids["fetch " + w[1]]);
       (w[2] == "close" ? t.fetch->close : t.fetch->cancel)(fetch);
       return std::string("0 ");
     }},
    {"adopt", // name, a descriptor of the test's, which stays the test's
     [](const Words &w) {
       ids["fd " + w[1]] = static_cast<uint64_t>(std::stoul(w[2]));
       return std::string("0 ");
     }},
    {"let-go", [](const Words &w) { return std::to_string(::close(static_cast<int>(ids["fd " + w[1]]))) + " "; }},
    {"entries",
     [](const Words &w) {
       Out out;
       const auto each = [](void *user, const pinion_file_info *info) -> pinion_status {
         *static_cast<std::string *>(user) += std::string(info->name) + " " + std::to_string(info->type) + " " +
                                              std::to_string(info->bytes) + " " + std::to_string(info->mode) + "\n";
         return PINION_OK;
       };
       return out.say(t.files->entries(host, w[1].c_str(), w[2].c_str(), each, &out.value, &out.error));
     }},
    {"make-folder",
     [](const Words &w) {
       Out out;
       return out.say(t.files->make_folder(host, w[1].c_str(), w[2].c_str(), 0, 0, &out.error));
     }},
    {"rename",
     [](const Words &w) {
       Out out;
       return out.say(t.files->rename(host, w[1].c_str(), w[2].c_str(), w[3].c_str(), 0, &out.error));
     }},
    {"remove",
     [](const Words &w) {
       Out out;
       return out.say(t.files->remove(host, w[1].c_str(), w[2].c_str(), 0, &out.error));
     }},
    {"copy",
     [](const Words &w) { // server, from, to, flags
       Out out;
       return out.say(t.files->copy(host, w[1].c_str(), w[2].c_str(), w[3].c_str(), flags(w[4]), &out.error));
     }},
    {"link",
     [](const Words &w) { // server, target, path, flags
       Out out;
       return out.say(t.files->link(host, w[1].c_str(), w[2].c_str(), w[3].c_str(), flags(w[4]), &out.error));
     }},
    {"open-in",
     [](const Words &w) { // server, folder, name, flags
       Out out;
       const int32_t folder = t.files->open(host, w[1].c_str(), w[2].c_str(), PINION_OPEN_DIRECTORY, 0, &out.error);
       if (folder < 0) return out.say(folder);
       const int32_t fd = t.files->open_in(host, folder, w[3].c_str(), flags(w[4]), &out.error);
       ::close(folder);
       return fd < 0 ? out.say(fd) : contentOf(fd, out);
     }},
    {"set-times",
     [](const Words &w) { // server, path, seconds, flags
       Out out;
       const auto seconds = std::stoll(w[3]);
       return out.say(t.files->set_times(host, w[1].c_str(), w[2].c_str(), seconds, seconds, flags(w[4]), &out.error));
     }},
    {"place",
     [](const Words &w) { // server, folder, path, content, flags
       Out out;
       const uint32_t how = PINION_OPEN_UNNAMED | PINION_OPEN_WRITE | flags(w[5]);
       const int32_t fd = t.files->open(host, w[1].c_str(), w[2].c_str(), how, 0, &out.error);
       if (fd < 0) return out.say(fd);
       if (::write(fd, w[4].data(), w[4].size()) < 0) out.value = "write failed";
       const auto status = t.files->place(host, w[1].c_str(), fd, w[3].c_str(), flags(w[5]), &out.error);
       ::close(fd);
       return out.say(status);
     }},
    {"denied", [](const Words &w) { return std::to_string(t.files->denied(host, w[1].c_str(), w[2].c_str())) + " "; }},
    {"set-mode",
     [](const Words &w) {
       Out out;
       const auto mode = static_cast<std::uint32_t>(std::stoul(w[3], nullptr, 8));
       return out.say(t.files->set_mode(host, w[1].c_str(), w[2].c_str(), mode, 0, &out.error));
     }},
    {"set-owner",
     [](const Words &w) {
       Out out;
       return out.say(t.files->set_owner(host, w[1].c_str(), w[2].c_str(), &out.error));
     }},
    {"remove-in",
     [](const Words &w) {
       Out out;
       return out.say(t.files->remove_in(host, w[1].c_str(), w[2].c_str(), &out.error));
     }},
    {"usage",
     [](const Words &w) {
       Out out;
       return out.say(t.files->usage(host, w[1].c_str(), 1, &out.sink, &out.error));
     }},
    {"reserve",
     [](const Words &w) {
       Out out;
       return out.say(t.files->reserve(host, w[1].c_str(), std::stoll(w[2]), &out.error));
     }},
    {"folder",
     [](const Words &w) {
       Out out;
       const int32_t fd = t.files->folder(host, w[1].c_str(), &out.error);
       if (fd < 0) return out.say(fd);
       ::close(fd);
       return out.say(PINION_OK);
     }},
    {"verify",
     [](const Words &w) {
       Out out;
       return out.say(t.tokens->verify(host, span(w[1]), w[2].c_str(), &out.sink, &out.error));
     }},
    {"once",
     [](const Words &w) {
       Out out;
       return out.say(t.tokens->use_once(host, w[1].c_str(), INT64_MAX / 2, &out.error));
     }},
    {"deny",
     [](const Words &w) {
       Out out;
       return out.say(t.tokens->deny(host, span(w[1]), &out.error));
     }},
    {"put",
     [](const Words &w) {
       Out out;
       return out.say(t.store->put(host, w[1].c_str(), span(w[2]), &out.error));
     }},
    {"get",
     [](const Words &w) {
       Out out;
       return out.say(t.store->get(host, w[1].c_str(), &out.sink));
     }},
    {"scan",
     [](const Words &w) {
       Out out;
       return out.say(t.store->scan(host, w[1].c_str(), &out.sink));
     }},
    {"apply", // key, value, key, value, ...
     [](const Words &w) {
       Out out;
       std::vector<pinion_store_change> changes;
       for (std::size_t i = 1; i + 1 < w.size(); i += 2) changes.push_back({w[i].c_str(), span(w[i + 1])});
       return out.say(t.store->apply(host, changes.data(), changes.size(), &out.error));
     }},
    {"page", // prefix, limit, after
     [](const Words &w) {
       Out out;
       const char *after = w.size() > 3 ? w[3].c_str() : nullptr;
       const auto limit = static_cast<std::uint32_t>(std::stoul(w[2]));
       return out.say(t.store->page(host, w[1].c_str(), after, limit, &out.sink, &out.error));
     }},
    {"log",
     [](const Words &w) {
       t.log->write(host, PINION_LOG_WARN, span(w[1]), span(R"({"a":"text","n":5,"plugin":"another"})"));
       return std::to_string(t.log->enabled(host, PINION_LOG_ERROR));
     }},
    {"route",
     [](const Words &) {
       Out out;
       pinion_route route{sizeof(pinion_route), 0, "GET", "/late", "none"};
       return out.say(t.routes->add(
           host, &route, [](void *, pinion_request *, pinion_reply *) {}, nullptr, &ids["r"], &out.error));
     }},
};

void asked(void *, const pinion_event *event, pinion_reply *reply) {
  Words words{""};
  for (const char c : text(event->payload)) {
    if (c == '|')
      words.emplace_back();
    else
      words.back().push_back(c);
  }
  const auto found = operations.find(words[0]);
  const std::string answer = found == operations.end() ? "no such operation" : found->second(words);
  t.reply->answer(reply, PINION_OK, span(answer));
}

template <typename T> void get(const T *&table, const char *id) {
  table = static_cast<const T *>(host->service(host, id));
}

// Blocks until the gate is opened, as a handler must not.
void blockRoute(void *, pinion_request *, pinion_reply *reply) {
  openGate(false);
  blockWork(nullptr);
  t.reply->answer(reply, PINION_OK, {});
}

pinion_status start(void *, pinion_error *error) {
  uint64_t id = 0;
  pinion_route route{sizeof(pinion_route), 0, "GET", "/probe-blocks", "none"};
  if (const auto added = t.routes->add(host, &route, &blockRoute, nullptr, &id, error); added != PINION_OK)
    return added;
  return t.bus->offer(host, "probe/do", {}, &asked, nullptr, &id, error);
}
void stop(void *) { tell("probe.stop", ""); }
void destroy(void *) { ids.clear(); }

pinion_status create(const pinion_host *given, pinion_plugin_v1 *out, pinion_error *) {
  host = given;
  get(t.bus, "pinion.bus/1");
  get(t.reply, "pinion.reply/1");
  get(t.log, "pinion.log/1");
  get(t.config, "pinion.config/1");
  get(t.timers, "pinion.timers/1");
  get(t.tasks, "pinion.tasks/1");
  get(t.routes, "pinion.routes/1");
  get(t.servers, "pinion.servers/1");
  get(t.files, "pinion.files/1");
  get(t.archives, "pinion.archives/1");
  get(t.fetch, "pinion.fetch/1");
  get(t.environment, "pinion.environment/1");
  get(t.panel, "pinion.panel/1");
  get(t.tokens, "pinion.tokens/1");
  get(t.store, "pinion.store/1");
  if (host->service(host, "pinion.teleport/1") != nullptr || host->service(host, nullptr) != nullptr)
    return PINION_E_INTERNAL;
  out->size = sizeof *out;
  out->start = &start;
  out->stop = &stop;
  out->destroy = &destroy;
  return PINION_OK;
}

} // namespace

extern "C" PINION_EXPORT const pinion_entry_v1 pinion_plugin_entry_v1 = {
    sizeof(pinion_entry_v1), PINION_ABI_MAJOR, PINION_ABI_MINOR, "probe", "1.0",
    "does what it is asked", nullptr,          &create};
