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
  /* As run(), on the pool for long work: minutes and hours, as long as every wait in it has a deadline, and it ends
   * within seconds after the event "daemon.stopping" or cancel() (the plugin sees to that: both wait for it). */
  pinion_status (*run_long)(const pinion_host *host, pinion_work_fn work, pinion_done_fn done, void *user, uint64_t *id,
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
  /* [any] After head() with "Content-Length": the body is `length` bytes of the file from `offset`, and the reply is
   * used up. The host duplicates the descriptor and sends while the client reads; no thread waits. A file that has
   * become shorter breaks the connection off. */
  pinion_status (*send_file)(pinion_reply *reply, int32_t file, uint64_t offset, uint64_t length);
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

/* ---- "pinion.files/1": [pool], and any thread of the plugin's own ----------------------------------------------- */

/* Paths are bytes, relative to the server's root ("/a", "a" and "//a" are the same; ".." never leads out); the last
 * component is never followed when it is a link, and nothing leads out of the root. A failure's `detail` is the errno:
 * EACCES (the server's file denylist), EXDEV or ELOOP (leads out, or is a link), EDQUOT (the disk limit; the status is
 * PINION_E_FULL), ENOENT, EEXIST, EISDIR, ENOTDIR, ENAMETOOLONG, ETXTBSY, ... */

#define PINION_OPEN_READ 0u
#define PINION_OPEN_WRITE 1u
#define PINION_OPEN_CREATE 2u /* with parents, 0755 */
#define PINION_OPEN_TRUNCATE 4u
#define PINION_OPEN_EXCLUSIVE 8u
#define PINION_OPEN_DIRECTORY 16u
/* A new file without a name in the folder `path`: see place(). Gone when closed. */
#define PINION_OPEN_UNNAMED 64u

/* On behalf of an owner or user of the server: what the file denylist names, by the real path, is refused (opening and
 * listing a folder is not), and what is made belongs to the node's user. For every function that takes flags. */
#define PINION_FILES_OWNER 32u

#define PINION_FILE_REGULAR 1u
#define PINION_FILE_DIRECTORY 2u
#define PINION_FILE_LINK 3u
#define PINION_FILE_PIPE 4u
#define PINION_FILE_SOCKET 5u
#define PINION_FILE_DEVICE 6u /* a block device */
#define PINION_FILE_CHARACTER 7u

typedef struct pinion_file_info { /* lent, or the caller's with its size set; growable */
  uint32_t size;
  uint32_t type; /* PINION_FILE_* */
  uint32_t mode; /* the low 12 bits */
  uint32_t links;
  uint32_t uid;
  uint32_t gid;
  int64_t bytes;
  int64_t modified_s; /* Unix time */
  int64_t changed_s;  /* of the inode */
  uint32_t modified_ns;
  uint32_t changed_ns;
  uint64_t device;
  uint64_t inode;
  const char *name; /* the last component; lent by entries(), NULL from stat() */
} pinion_file_info;

/* Anything but PINION_OK ends the listing, which then returns it. */
typedef pinion_status (*pinion_file_fn)(void *user, const pinion_file_info *info); /* before entries() returns */

typedef struct pinion_files_v1 {
  uint32_t size;
  uint32_t reserved;
  /* A descriptor (>= 0), close-on-exec, the caller's to close; or a status. A pipe is opened without waiting for its
   * other end. Truncating gives the file's bytes back to the disk limit; what is written must be reserve()d. */
  int32_t (*open)(const pinion_host *host, const char *server, const char *path, uint32_t flags, uint32_t mode,
                  pinion_error *error);
  /* As open(), of the entry `name` of a folder: a descriptor that open(DIRECTORY) or folder() gave. READ only. */
  int32_t (*open_in)(const pinion_host *host, int32_t folder, const char *name, uint32_t flags, pinion_error *error);
  pinion_status (*stat)(const pinion_host *host, const char *server, const char *path, pinion_file_info *out,
                        pinion_error *error);
  /* Each entry of a folder, in the folder's order. */
  pinion_status (*entries)(const pinion_host *host, const char *server, const char *path, pinion_file_fn fn, void *user,
                           pinion_error *error);
  /* With parents; one that exists is PINION_OK. */
  pinion_status (*make_folder)(const pinion_host *host, const char *server, const char *path, uint32_t mode,
                               uint32_t flags, pinion_error *error);
  /* Never onto something (EEXIST); parents of `to` are made. OWNER: no folder with denied entries, there or here. */
  pinion_status (*rename)(const pinion_host *host, const char *server, const char *from, const char *to, uint32_t flags,
                          pinion_error *error);
  /* Recursive; absent is PINION_OK; "/" empties the root. With PINION_FILES_OWNER denied entries stay, with the folders
   * above them, and that is PINION_OK. */
  pinion_status (*remove)(const pinion_host *host, const char *server, const char *path, uint32_t flags,
                          pinion_error *error);
  /* A regular file to a new one (EEXIST) of the same mode, checked against the disk limit; parents of `to` are made. */
  pinion_status (*copy)(const pinion_host *host, const char *server, const char *from, const char *to, uint32_t flags,
                        pinion_error *error);
  pinion_status (*link)(const pinion_host *host, const char *server, const char *target, const char *path,
                        uint32_t flags, pinion_error *error); /* a symbolic link; `target` is stored as it is */
  /* A link is PINION_E_DENIED (ELOOP), for the three below. */
  pinion_status (*set_mode)(const pinion_host *host, const char *server, const char *path, uint32_t mode,
                            uint32_t flags, pinion_error *error);
  pinion_status (*set_times)(const pinion_host *host, const char *server, const char *path, int64_t accessed_s,
                             int64_t modified_s, uint32_t flags, pinion_error *error);
  /* To the node's user, recursive, only what differs; links themselves are changed, not followed. */
  pinion_status (*set_owner)(const pinion_host *host, const char *server, const char *path, pinion_error *error);
  /* Puts what an unnamed file holds at `path`, parents are made. A new file is the unnamed one (mode 0644); one that
   * exists gets its bytes, and keeps inode, mode and owner. The descriptor stays the caller's. */
  pinion_status (*place)(const pinion_host *host, const char *server, int32_t unnamed, const char *path, uint32_t flags,
                         pinion_error *error);
  /* 1 when the server's denylist names the path as it is written (after cleaning), 0, or a status. */
  int32_t (*denied)(const pinion_host *host, const char *server, const char *path);
  /* {"bytes":n,"limit":n (0 = none)}; `fresh` != 0 first takes in what others have changed meanwhile. */
  pinion_status (*usage)(const pinion_host *host, const char *server, int32_t fresh, const pinion_sink *out,
                         pinion_error *error);
  /* Counts `bytes` that files will grow by before they do; PINION_E_FULL when they are beyond the server's limit, and
   * then nothing is counted. Negative: they were not needed, or are gone. Open, remove, copy and place count themselves
   * (of an unnamed file only what goes: reserve what it is longer than the file that it is placed onto). */
  pinion_status (*reserve)(const pinion_host *host, const char *server, int64_t bytes, pinion_error *error);
  /* A descriptor of one of the node's own folders: "log", "tmp", "backup", "archive", "sftp" (keys), "root" (what
   * the daemon itself keeps). Root's. */
  int32_t (*folder)(const pinion_host *host, const char *name, pinion_error *error);
  /* Removes `path` below a folder of the node as remove() does. */
  pinion_status (*remove_in)(const pinion_host *host, const char *folder, const char *path, pinion_error *error);
} pinion_files_v1;

/* ---- "pinion.archives/1" --------------------------------------------------------------------------------------- */

/* [lane] {"bytes","total" (0: unknown),"entries","name"}, at most four a second; the last one comes before `done`. */
typedef void (*pinion_progress_fn)(void *user, pinion_span progress);

typedef struct pinion_archives_v1 {
  uint32_t size;
  uint32_t reserved;
  /* Writes an archive of the server's files to `out`, a descriptor open for writing, which stays the caller's until
   * `done`. Options and answer: sdk/contracts/archives.v1.json. `progress` may be NULL. */
  pinion_status (*pack)(const pinion_host *host, const char *server, int32_t out, pinion_span options,
                        pinion_progress_fn progress, pinion_done_fn done, void *user, uint64_t *id,
                        pinion_error *error);
  /* Unpacks an archive read from `in` below a folder of the server: each entry confined, links and specials passed over
   * or refused, within limits. */
  pinion_status (*unpack)(const pinion_host *host, const char *server, int32_t in, pinion_span options,
                          pinion_progress_fn progress, pinion_done_fn done, void *user, uint64_t *id,
                          pinion_error *error);
} pinion_archives_v1;

/* ---- "pinion.fetch/1": [pool], and any thread of the plugin's own ----------------------------------------------- */

typedef struct pinion_fetch pinion_fetch; /* one request to another host and its answer; used by one thread at a time */

typedef struct pinion_fetch_v1 {
  uint32_t size;
  uint32_t reserved;
  /* [any] Takes a request, and sends nothing yet: {"method":"GET","url","headers":{},"max_redirects":0,
   * "private":false,"connect_ms":10000,"stall_ms":30000,"deadline_ms":43200000}. NULL: PINION_E_INVALID when it has not
   * this shape, PINION_E_BUSY when the plugin has 256 open. */
  pinion_fetch *(*open)(const pinion_host *host, pinion_span request, pinion_error *error);
  /* Once, before read(): sends the request and waits for the answer's head: {"status","url" (after redirects),
   * "headers":{lower-case names}} to `out`. Without "private" the name is resolved once, and only public addresses are
   * connected to, also after a redirect: PINION_E_DENIED. Only http and https: PINION_E_INVALID, with the reason. */
  pinion_status (*head)(pinion_fetch *fetch, const pinion_sink *out, pinion_error *error);
  /* Bytes of the body, 0 at its true end, or a status (a body that is cut short is PINION_E_IO). */
  int64_t (*read)(pinion_fetch *fetch, void *buffer, size_t capacity, pinion_error *error);
  /* [any] Ends a head() or read() that waits, and refuses those to come: PINION_E_CANCELLED. Only the resolver of names
   * is waited for to its own limits. */
  void (*cancel)(pinion_fetch *fetch);
  void (*close)(pinion_fetch *fetch);
} pinion_fetch_v1;

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

typedef struct pinion_store_change { /* an empty value removes the key */
  const char *key;
  pinion_span value;
} pinion_store_change;

typedef struct pinion_store_v1 { /* one namespace a plugin id; [pool] or [lane] (short) */
  uint32_t size;
  uint32_t reserved;
  pinion_status (*get)(const pinion_host *host, const char *key, const pinion_sink *out);
  /* An empty span removes the key; 1 MiB at most. Durable when it returns: the end of the daemon, also by kill -9,
   * does not undo it (a loss of power may undo the last seconds). */
  pinion_status (*put)(const pinion_host *host, const char *key, pinion_span value, pinion_error *error);
  /* Keys that begin with `prefix`, sorted, each followed by '\n'. */
  pinion_status (*scan)(const pinion_host *host, const char *prefix, const pinion_sink *out);
  /* All of them or none, in one transaction: at most 16384 of 16 MiB together. Durable as put(), and costs as much
   * as one. */
  pinion_status (*apply)(const pinion_host *host, const pinion_store_change *changes, size_t count,
                         pinion_error *error);
  /* At most `limit` keys that begin with `prefix` and come after `after` (NULL: the first), sorted: a JSON array of
   * [key, value]; for values that are UTF-8. May end early, after 16 MiB, but never before the first. */
  pinion_status (*page)(const pinion_host *host, const char *prefix, const char *after, uint32_t limit,
                        const pinion_sink *out, pinion_error *error);
} pinion_store_v1;

#ifdef __cplusplus
}
#endif

#endif
