/* A plugin in plain C99: counts the changes of state of every server, tells each one on as an event of its own, and
 * gives the count to other plugins (an address) and to the Panel (a route). */
#include <pinion/services.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct counter {
  const pinion_host *host;
  const pinion_bus_v1 *bus;
  const pinion_reply_v1 *reply;
  const pinion_routes_v1 *routes;
  uint64_t seen; /* read and written on the lane only: no lock */
} counter;

static pinion_status fail(pinion_error *error, pinion_status code, const char *text) {
  if (error != NULL) {
    error->code = code;
    snprintf(error->message, sizeof error->message, "%s", text);
  }
  return code;
}

static pinion_span text(const char *from) {
  pinion_span span;
  span.data = from;
  span.size = strlen(from);
  return span;
}

/* [lane] */
static void on_status(void *user, const pinion_event *event) {
  counter *self = user;
  pinion_event forward;
  char payload[64];
  self->seen++;
  snprintf(payload, sizeof payload, "{\"seen\":%" PRIu64 "}", self->seen);
  memset(&forward, 0, sizeof forward);
  forward.size = sizeof forward;
  forward.topic = "example-counter.seen"; /* a topic under our own id is ours to publish */
  forward.server = event->server;
  forward.payload = text(payload);
  self->bus->publish(self->host, &forward, NULL);
}

static void answer_total(counter *self, pinion_reply *reply) {
  char body[64];
  snprintf(body, sizeof body, "{\"total\":%" PRIu64 "}", self->seen);
  self->reply->answer(reply, PINION_OK, text(body));
}

/* [lane] */
static void on_total(void *user, const pinion_event *event, pinion_reply *reply) {
  (void)event;
  answer_total(user, reply);
}

/* [lane], for the route says PINION_ROUTE_LANE */
static void on_request(void *user, pinion_request *request, pinion_reply *reply) {
  (void)request;
  answer_total(user, reply);
}

/* [main] What is begun here is ended by the host when the plugin stops. */
static pinion_status start(void *user, pinion_error *error) {
  counter *self = user;
  uint64_t id;
  pinion_status status;
  pinion_route route;
  memset(&route, 0, sizeof route);
  route.size = sizeof route;
  route.flags = PINION_ROUTE_LANE;
  route.method = "GET";
  route.path = "/api/example-counter";
  route.auth = "node";
  status = self->bus->subscribe(self->host, "status", PINION_POLICY_ALL, on_status, self, &id, error);
  if (status == PINION_OK)
    status = self->bus->offer(self->host, "example-counter/total", text("{}"), on_total, self, &id, error);
  if (status == PINION_OK) status = self->routes->add(self->host, &route, on_request, self, &id, error);
  return status;
}

/* [main] */
static void destroy(void *user) { free(user); }

/* [main] */
static pinion_status create(const pinion_host *host, pinion_plugin_v1 *out, pinion_error *error) {
  counter *self = calloc(1, sizeof *self);
  if (self == NULL) return fail(error, PINION_E_INTERNAL, "out of memory");
  self->host = host;
  self->bus = host->service(host, "pinion.bus/1");
  self->reply = host->service(host, "pinion.reply/1");
  self->routes = host->service(host, "pinion.routes/1");
  out->size = sizeof *out;
  out->self = self;
  out->start = start;
  out->destroy = destroy;
  return PINION_OK;
}

/* The daemon does not create us when one of these is missing, so create() need not look. */
static const char *const needs[] = {"pinion.bus/1", "pinion.reply/1", "pinion.routes/1", NULL};

const pinion_entry_v1 pinion_plugin_entry_v1 = {
    sizeof(pinion_entry_v1),
    PINION_ABI_MAJOR,
    PINION_ABI_MINOR,
    "example-counter",
    "0.1.0",
    "Counts changes of servers' state",
    needs,
    create,
};
