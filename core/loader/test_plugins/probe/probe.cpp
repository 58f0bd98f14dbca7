// What the plugin is made of: its tables, how it is asked, and how it begins and ends.
#include "probe.hpp"

#include <cstring>

namespace probe {

const pinion_host *host;
Tables t;
std::map<std::string, uint64_t> ids;
std::atomic<bool> call_done = false;

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

void done(void *user, pinion_status status, pinion_span answer) {
  if (std::strcmp(static_cast<const char *>(user), "call") == 0) call_done = true;
  tell("probe.done", std::string(static_cast<const char *>(user)) + " " + std::to_string(status) + " " + text(answer));
}

namespace {

// Of all files together.
const Operations &operations() {
  static const Operations all = [] {
    Operations out = {{"nulls", &nulls}};
    for (Operations some : {busOperations(), workOperations(), nodeOperations(), serverOperations(), fileOperations(),
                            streamOperations(), storeOperations()})
      out.merge(some);
    return out;
  }();
  return all;
}

void asked(void *, const pinion_event *event, pinion_reply *reply) {
  Words words{""};
  for (const char c : text(event->payload)) {
    if (c == '|')
      words.emplace_back();
    else
      words.back().push_back(c);
  }
  const auto found = operations().find(words[0]);
  const std::string answer = found == operations().end() ? "no such operation" : found->second(words);
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
} // namespace probe

extern "C" PINION_EXPORT const pinion_entry_v1 pinion_plugin_entry_v1 = {
    sizeof(pinion_entry_v1), PINION_ABI_MAJOR, PINION_ABI_MINOR, "probe", "1.0",
    "does what it is asked", nullptr,          &probe::create};
