// A plugin that answers as it should not: never, twice, late; that throws; that blocks its lane.
#include <pinion/services.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>

namespace {

const pinion_host *host;
const pinion_bus_v1 *bus;
const pinion_reply_v1 *replies;
const pinion_routes_v1 *routes;
pinion_reply *kept = nullptr;

pinion_span span(const std::string &text) { return {text.data(), text.size()}; }

void tell(const char *topic, int64_t status) {
  const std::string payload = std::to_string(status);
  pinion_event event{};
  event.size = sizeof event;
  event.topic = topic;
  event.payload = span(payload);
  bus->publish(host, &event, nullptr);
}

// The same manners for calls and for requests.
void silent(pinion_reply *) {}
void twice(pinion_reply *reply) {
  replies->answer(reply, PINION_OK, span("\"first\""));
  tell("manners.second", replies->answer(reply, PINION_OK, span("\"second\"")));
  tell("manners.keep", replies->keep(reply));
  tell("manners.cancelled", replies->cancelled(reply));
}
void keeps(pinion_reply *reply) {
  replies->keep(reply);
  kept = reply;
  tell("manners.kept", 0);
}
void throws(pinion_reply *) { throw std::runtime_error("no manners"); }
void refuses(pinion_reply *reply) { replies->answer(reply, PINION_E_BUSY, span("come back later")); }
void strange(pinion_reply *reply) { replies->answer(reply, -4711, span("who knows")); }
void blocks(pinion_reply *reply) {
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(30)) {
  }
  replies->answer(reply, PINION_OK, span("{}"));
}
// Answers what was kept before, whatever became of it.
void late(pinion_reply *reply) {
  tell("manners.gone", replies->cancelled(kept));
  tell("manners.late", replies->answer(kept, PINION_OK, span("late")));
  replies->answer(reply, PINION_OK, span("{}"));
}
// A lane that waits, and what ends its waiting; 20 s at most.
std::mutex gate_mutex;
std::condition_variable gate_changed;
bool gate_open = false;
void waits(pinion_reply *reply) {
  {
    std::unique_lock lock(gate_mutex);
    gate_open = false;
    tell("manners.waits", 0);
    gate_changed.wait_for(lock, std::chrono::seconds(20), [] { return gate_open; });
  }
  replies->answer(reply, PINION_OK, span("{}"));
}
void release(pinion_reply *reply) {
  {
    const std::lock_guard lock(gate_mutex);
    gate_open = true;
    gate_changed.notify_all();
  }
  replies->answer(reply, PINION_OK, span("{}"));
}
void floods(pinion_reply *reply) {
  const std::string much(std::size_t{17} << 20u, '1');
  tell("manners.floods", replies->answer(reply, PINION_OK, span(much)));
}
void empty(pinion_reply *reply) { replies->answer(reply, PINION_OK, {}); }
void json(pinion_reply *reply) { replies->answer(reply, PINION_OK, span(R"({"a":1})")); }

struct Way {
  const char *name;
  void (*run)(pinion_reply *);
};
constexpr Way kWays[] = {{"silent", &silent},   {"twice", &twice},     {"keeps", &keeps},   {"throws", &throws},
                         {"refuses", &refuses}, {"strange", &strange}, {"blocks", &blocks}, {"late", &late},
                         {"waits", &waits},     {"release", &release}, {"empty", &empty},   {"json", &json},
                         {"floods", &floods}};

const Way &way(void *user) { return *static_cast<const Way *>(user); }
void asked(void *user, const pinion_event *, pinion_reply *reply) { way(user).run(reply); }
void requested(void *user, pinion_request *, pinion_reply *reply) { way(user).run(reply); }

pinion_status append(void *out, pinion_span chunk) {
  static_cast<std::string *>(out)->append(static_cast<const char *>(chunk.data), chunk.size);
  return PINION_OK;
}

// Fields, body, head and body in pieces.
void full(void *, pinion_request *request, pinion_reply *reply) {
  std::string out;
  const pinion_sink sink{&out, &append};
  for (const char *name : {"method", "path:name", "query:q", "header:X-Test", "query:absent"}) {
    const pinion_status status = routes->field(request, name, &sink);
    out += status == PINION_OK ? ";" : "(" + std::to_string(status) + ");";
  }
  char buffer[4];
  for (int64_t got; (got = routes->read_body(request, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(got));
  tell("manners.head", routes->head(reply, 201, span("{\"X-Bad\":\"a\\r\\nb\"}")));
  routes->head(reply, 201, span(R"({"Content-Type":"text/plain","X-Mine":"yes"})"));
  routes->send(reply, span(out));
  routes->send(reply, span("!"));
  replies->answer(reply, PINION_OK, span("end"));
  tell("manners.used", routes->field(request, "method", &sink));
}

void frame(void *, uint64_t socket, uint32_t kind, pinion_span data) {
  if (kind == PINION_FRAME_CLOSED) {
    tell("manners.closed", 0);
    return;
  }
  const std::string back = "<" + std::string(static_cast<const char *>(data.data), data.size) + ">";
  routes->frame(host, socket, PINION_FRAME_TEXT, span(back));
  routes->broadcast(host, &socket, 1, PINION_FRAME_TEXT, 0, span("all"));
}
void socket(void *, pinion_request *, pinion_reply *reply) {
  uint64_t id = 0;
  tell("manners.accept", routes->accept(reply, nullptr, &frame, nullptr, &id, nullptr));
}

pinion_status route(const char *path, uint32_t flags, pinion_route_fn fn, void *user, pinion_error *error,
                    const char *method = "GET") {
  const pinion_route one{sizeof(pinion_route), flags, method, path, "none"};
  uint64_t id = 0;
  return routes->add(host, &one, fn, user, &id, error);
}

pinion_status start(void *, pinion_error *error) {
  for (const Way &one : kWays) {
    uint64_t id = 0;
    void *const user = const_cast<Way *>(&one);
    const std::string name = one.name;
    pinion_status status = bus->offer(host, ("manners/" + name).c_str(), {}, &asked, user, &id, error);
    if (status == PINION_OK) status = route(("/lane/" + name).c_str(), PINION_ROUTE_LANE, &requested, user, error);
    if (status == PINION_OK) status = route(("/pool/" + name).c_str(), 0, &requested, user, error);
    if (status != PINION_OK) return status;
  }
  if (const auto status = route("/full/:name", 0, &full, nullptr, error, "POST"); status != PINION_OK) return status;
  if (const auto status = route("/socket", PINION_ROUTE_LANE, &socket, nullptr, error); status != PINION_OK)
    return status;
  if (route("/full/:name", 0, &full, nullptr, nullptr, "POST") != PINION_E_BUSY) return PINION_E_INTERNAL;
  if (route("none", 0, &full, nullptr, nullptr) != PINION_E_INVALID) return PINION_E_INTERNAL;
  if (route("/x", PINION_ROUTE_LANE | PINION_ROUTE_STREAM_BODY, &full, nullptr, nullptr) != PINION_E_INVALID)
    return PINION_E_INTERNAL;
  return PINION_OK;
}
void destroy(void *) {}

pinion_status create(const pinion_host *given, pinion_plugin_v1 *out, pinion_error *) {
  host = given;
  bus = static_cast<const pinion_bus_v1 *>(host->service(host, "pinion.bus/1"));
  replies = static_cast<const pinion_reply_v1 *>(host->service(host, "pinion.reply/1"));
  routes = static_cast<const pinion_routes_v1 *>(host->service(host, "pinion.routes/1"));
  out->size = sizeof *out;
  out->start = &start;
  out->destroy = &destroy;
  return PINION_OK;
}

} // namespace

extern "C" PINION_EXPORT const pinion_entry_v1 pinion_plugin_entry_v1 = {
    sizeof(pinion_entry_v1), PINION_ABI_MAJOR, PINION_ABI_MINOR, "manners", "1.0", "has none", nullptr, &create};
