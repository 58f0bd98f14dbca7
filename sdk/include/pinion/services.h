/* The service tables of the Pinion host: host->service(host, ID) gives a pointer to a constant table, or NULL.
 * Each function is [any] unless tagged; the rules of plugin.h hold. `uint64_t *id` results are ended by pinion.bus/1
 * cancel, and by the host when the plugin stops. */
#ifndef PINION_SERVICES_H
#define PINION_SERVICES_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- "pinion.log/1" -------------------------------------------------------------------------------------------- */

#define PINION_LOG_DEBUG 0u
#define PINION_LOG_INFO 1u
#define PINION_LOG_WARN 2u
#define PINION_LOG_ERROR 3u

typedef struct pinion_log_v1 {
  uint32_t size;
  uint32_t reserved;
  int32_t (*enabled)(const pinion_host *host, uint32_t level);
  /* `fields` is a JSON object of scalars, or empty; the host adds plugin=ID. Never put secrets in. */
  void (*write)(const pinion_host *host, uint32_t level, pinion_span message, pinion_span fields);
} pinion_log_v1;

/* ---- "pinion.config/1" ----------------------------------------------------------------------------------------- */

typedef struct pinion_config_v1 {
  uint32_t size;
  uint32_t reserved;
  /* The value at a JSON pointer in the plugin's own section (`plugins.<id>` of the configuration), "" for all of it. */
  pinion_status (*read)(const pinion_host *host, const char *pointer, const pinion_sink *out, pinion_error *error);
  /* The value at a JSON pointer in the facts of the node: the configuration without any secret, by its YAML names, and
   * "/version", "/boot_time" (Unix seconds, fractional), "/timezone", "/uid", "/gid". PINION_E_DENIED for secrets. */
  pinion_status (*node)(const pinion_host *host, const char *pointer, const pinion_sink *out, pinion_error *error);
} pinion_config_v1; /* a change is told by the event "config.changed" */

/* ---- "pinion.timers/1" ----------------------------------------------------------------------------------------- */

typedef void (*pinion_timer_fn)(void *user); /* [lane] */

typedef struct pinion_timers_v1 {
  uint32_t size;
  uint32_t reserved;
  /* Once after `after_ms`, then every `every_ms` unless that is 0. A tick is not queued while the one before is. */
  pinion_status (*after)(const pinion_host *host, uint32_t after_ms, uint32_t every_ms, pinion_timer_fn fn, void *user,
                         uint64_t *id, pinion_error *error);
} pinion_timers_v1;

/* ---- "pinion.tasks/1" ------------------------------------------------------------------------------------------ */

typedef pinion_status (*pinion_work_fn)(void *user); /* [pool] may block, for seconds at most */

typedef struct pinion_tasks_v1 {
  uint32_t size;
  uint32_t reserved;
  /* `work` on the pool, then `done` on the lane with its status and an empty answer. PINION_E_BUSY when the queue is
   * full. */
  pinion_status (*run)(const pinion_host *host, pinion_work_fn work, pinion_done_fn done, void *user, uint64_t *id,
                       pinion_error *error);
} pinion_tasks_v1;

/* ---- "pinion.routes/1" ----------------------------------------------------------------------------------------- */

#define PINION_ROUTE_STREAM_BODY                                                                                       \
  1u                         /* the body is read by read_body as it comes; else it is there before the callback */
#define PINION_ROUTE_LANE 2u /* the callback runs on the lane and must not block; not with STREAM_BODY */
#define PINION_ROUTE_LONG 4u /* the callback runs on the pool for long transfers */

typedef struct pinion_route { /* lent; growable */
  uint32_t size;
  uint32_t flags;
  const char *method; /* "GET", "POST", ... */
  const char *path;   /* "/api/servers/:server/power"; a segment ":name" matches one segment. `:server` must be known */
  const char *auth;   /* "node": the node token; "none"; "token:SCOPE": a signed token of that purpose */
} pinion_route;

typedef void (*pinion_route_fn)(void *user, pinion_request *request, pinion_reply *reply); /* [pool] or [lane] */

/* What happens on an accepted WebSocket. */
#define PINION_FRAME_TEXT 1u
#define PINION_FRAME_BINARY 2u
#define PINION_FRAME_CLOSED 8u /* the last call; data holds the peer's close reason */
#define PINION_FRAME_DROPPED                                                                                           \
  0x100u /* frames were dropped because the peer reads too slowly; data is the count, decimal */
typedef void (*pinion_frame_fn)(void *user, uint64_t socket, uint32_t kind, pinion_span data); /* [lane] */

typedef struct pinion_socket_options { /* lent; growable; zero means the default */
  uint32_t size;
  uint32_t flags;             /* none yet */
  uint32_t max_wire_bytes;    /* a longer message (as sent, compressed or not) closes with 1009; default 4096 */
  uint32_t max_message_bytes; /* a longer message after inflation is passed over; default 32768 */
  uint32_t queue_bytes;       /* bound of the send queue; default 1 MiB; droppable frames go oldest first */
  uint32_t write_timeout_ms;  /* a peer that takes nothing for so long is closed; default 60000 */
} pinion_socket_options;

#define PINION_BROADCAST_DROPPABLE 1u /* may be dropped when a socket's queue is full */

typedef struct pinion_routes_v1 {
  uint32_t size;
  uint32_t reserved;
  /* [main] Only inside start(). PINION_E_BUSY when the method and path are taken. */
  pinion_status (*add)(const pinion_host *host, const pinion_route *route, pinion_route_fn fn, void *user, uint64_t *id,
                       pinion_error *error);
  /* "method", "path", "path:NAME", "query:NAME", "header:NAME", "claim:NAME" (JSON), "claims", "ip", "request-id".
   * PINION_E_NOT_FOUND when it was not sent. Valid until the reply is used up. */
  pinion_status (*field)(const pinion_request *request, const char *name, const pinion_sink *out);
  /* [pool] (any thread unless STREAM_BODY) Next bytes of the body: > 0 how many, 0 the end, < 0 a status. */
  int64_t (*read_body)(pinion_request *request, void *buffer, size_t capacity);
  /* Status and headers (a JSON object of strings, or empty). "Content-Length" among them makes send() exact; without it
   * the body is buffered when answer() brings all of it, else chunked. */
  pinion_status (*head)(pinion_reply *reply, uint32_t status, pinion_span headers);
  /* [pool] A piece of the body; blocks while the client reads slowly; PINION_E_CANCELLED when it is gone. */
  pinion_status (*send)(pinion_reply *reply, pinion_span bytes);
  /* Turns the request into a WebSocket and uses the reply up. A bad handshake or an Origin that is neither the Panel
   * nor allowed is answered by the host (400, 403) and PINION_E_INVALID comes back. */
  pinion_status (*accept)(pinion_reply *reply, const pinion_socket_options *options, pinion_frame_fn fn, void *user,
                          uint64_t *socket, pinion_error *error);
  /* Queue one message on one socket; never dropped, never blocks; _NOT_FOUND when it is closed, _BUSY over the bound.
   */
  pinion_status (*frame)(const pinion_host *host, uint64_t socket, uint32_t opcode, pinion_span message);
  /* Queue one message on many sockets: encoded once, compressed at most once, one shared buffer. Closed ones are passed
   * over. */
  pinion_status (*broadcast)(const pinion_host *host, const uint64_t *sockets, size_t count, uint32_t opcode,
                             uint32_t flags, pinion_span message);
  /* Sends what is queued, then the close frame; the connection ends when the peer answers or after 5 s. Code 0: drop at
   * once. */
  pinion_status (*close)(const pinion_host *host, uint64_t socket, uint16_t code, pinion_span reason);
} pinion_routes_v1;

/* ---- "pinion.servers/1" ---------------------------------------------------------------------------------------- */

typedef struct pinion_servers_v1 {
  uint32_t size;
  uint32_t reserved;
  pinion_status (*list)(const pinion_host *host, const pinion_sink *out); /* JSON array of UUIDs, sorted */
  /* The value at a JSON pointer of {"uuid","state","suspended","held_by"
   * (null|"installing"|"transferring"|"restoring"),
   * "utilization":{...},"configuration":{...},"process_configuration":{...}}; shapes: contract http.md 4, panel.md 4.
   * "/state", "/suspended", "/held_by" and "/utilization" are cheap; the others parse the stored document. */
  pinion_status (*read)(const pinion_host *host, const char *server, const char *pointer, const pinion_sink *out,
                        pinion_error *error);
  /* Exclusive use for an install, a transfer or a restore, until cancel(id). PINION_E_BUSY names the holder. */
  pinion_status (*hold)(const pinion_host *host, const char *server, const char *why, uint64_t *id,
                        pinion_error *error);
  /* Set the state ("offline", "starting", "running", "stopping"): published as "status", and stored. */
  pinion_status (*set_state)(const pinion_host *host, const char *server, const char *state, pinion_error *error);
} pinion_servers_v1;

/* ---- "pinion.files/1": [pool] ---------------------------------------------------------------------------------- */

#define PINION_OPEN_READ 0u
#define PINION_OPEN_WRITE 1u
#define PINION_OPEN_CREATE 2u /* with parents */
#define PINION_OPEN_TRUNCATE 4u
#define PINION_OPEN_EXCLUSIVE 8u
#define PINION_OPEN_DIRECTORY 16u

typedef struct pinion_files_v1 {
  uint32_t size;
  uint32_t reserved;
  /* A descriptor (>= 0) confined to the server's root, close-on-exec, the caller's to close; or a status. Links are not
   * followed in the last component and never out of the root. */
  int32_t (*open)(const pinion_host *host, const char *server, const char *path, uint32_t flags, uint32_t mode,
                  pinion_error *error);
  /* JSON array of {"name","size","mode","mtime","type"} of a folder. */
  pinion_status (*list)(const pinion_host *host, const char *server, const char *path, const pinion_sink *out,
                        pinion_error *error);
  /* {"op":"mkdir","path","mode"} | {"op":"rename","from","to"} | {"op":"remove","path"} (recursive) |
   * {"op":"chmod","path","mode"} | {"op":"chown","path"} (to the node's user, recursive, only what differs) |
   * {"op":"remove-all"} (everything below the root). {"op":"remove","folder","path"} removes below one of the node's
   * own folders (see folder()); `server` is not looked at then. */
  pinion_status (*change)(const pinion_host *host, const char *server, pinion_span op, pinion_error *error);
  /* {"bytes":n,"limit":n (0 = none)}; `fresh` != 0 measures now when the known value is older than the node's interval.
   */
  pinion_status (*usage)(const pinion_host *host, const char *server, int32_t fresh, const pinion_sink *out,
                         pinion_error *error);
  /* A descriptor of one of the node's own folders: "log", "tmp", "backup", "archive". Not the owner's files: root's. */
  int32_t (*folder)(const pinion_host *host, const char *name, pinion_error *error);
} pinion_files_v1;

/* ---- "pinion.environment/1" ------------------------------------------------------------------------------------ */

typedef struct pinion_environment_v1 {
  uint32_t size;
  uint32_t reserved;
  /* One step on the server's container; JSON in, JSON out, `done` exactly once. Verbs and shapes:
   * sdk/contracts/environment.v1.json (inspect, pull, create, start, attach, stop, signal, wait, remove, update, logs,
   * run-once). */
  pinion_status (*act)(const pinion_host *host, const char *server, const char *verb, pinion_span args,
                       uint32_t deadline_ms, pinion_done_fn done, void *user, uint64_t *id, pinion_error *error);
  /* Bytes for the attached console (a command ends with '\n'). PINION_E_NOT_FOUND when no console is attached,
   * PINION_E_BUSY when the game does not read (64 KiB are pending). */
  pinion_status (*input)(const pinion_host *host, const char *server, pinion_span bytes, pinion_error *error);
} pinion_environment_v1;

/* ---- "pinion.panel/1" ------------------------------------------------------------------------------------------ */

typedef struct pinion_panel_v1 {
  uint32_t size;
  uint32_t reserved;
  /* `path` below /api/remote, e.g. "/servers/UUID/install". The core signs, retries and bounds (contract panel.md 1).
   * The answer is the body of a 2xx; a failure's answer is "CODE: detail (HTTP/n)". */
  pinion_status (*call)(const pinion_host *host, const char *method, const char *path, pinion_span body,
                        pinion_done_fn done, void *user, uint64_t *id, pinion_error *error);
} pinion_panel_v1;

/* ---- "pinion.tokens/1" ----------------------------------------------------------------------------------------- */

typedef struct pinion_tokens_v1 {
  uint32_t size;
  uint32_t reserved;
  /* Checks a signed token and writes its claims (JSON object). `scope` is enforced where the token has one, else the
   * purpose is inferred from its claims. PINION_E_INVALID: unreadable or a wrong signature. PINION_E_DENIED: expired,
   * denied, issued before boot, or of another purpose; the error's message is the protocol's text. */
  pinion_status (*verify)(const pinion_host *host, pinion_span jwt, const char *scope, const pinion_sink *claims,
                          pinion_error *error);
  /* PINION_OK the first time for this id, PINION_E_DENIED after; remembered until `expiry` (Unix s), across restarts.
   */
  pinion_status (*use_once)(const pinion_host *host, const char *id, int64_t expiry, pinion_error *error);
  /* {"jtis":["..."]} or {"user":"UUID","servers":["UUID"] or []}: tokens issued up to now are refused from now on.
   * Told to everyone by the event "tokens.denied" with the same payload. */
  pinion_status (*deny)(const pinion_host *host, pinion_span what, pinion_error *error);
} pinion_tokens_v1;

/* ---- "pinion.store/1" ------------------------------------------------------------------------------------------ */

typedef struct pinion_store_v1 { /* one namespace a plugin id; [pool] or [lane] (short) */
  uint32_t size;
  uint32_t reserved;
  pinion_status (*get)(const pinion_host *host, const char *key, const pinion_sink *out);
  /* An empty span removes the key. Durable when it returns. */
  pinion_status (*put)(const pinion_host *host, const char *key, pinion_span value, pinion_error *error);
  /* Keys that begin with `prefix`, sorted, each followed by '\n'. */
  pinion_status (*scan)(const pinion_host *host, const char *prefix, const pinion_sink *out);
} pinion_store_v1;

#ifdef __cplusplus
}
#endif

#endif
