// Wrong use: NULL and what else no function may take.
#include "probe.hpp"

namespace probe {
namespace {

// None of these is ever called.
void echo(void *, const pinion_event *, pinion_reply *) {}
void tick(void *) {}
pinion_status work(void *) { return PINION_OK; }

} // namespace

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

} // namespace probe
