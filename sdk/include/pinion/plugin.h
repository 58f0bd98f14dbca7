/* Pinion plugin ABI: the frozen value types, the entry, the host, events, replies and the bus.
 *
 * Rules that hold for every function in these headers (docs/sdk/rules.md has one test for each):
 *  - What is lent to a function is valid until it returns; keep = copy. What is lent to a callback is valid until it
 * returns.
 *  - No allocator crosses: outputs go to a sink, errors into the caller's struct, descriptors and ids become the
 * receiver's.
 *  - No exception, panic or longjmp crosses in either direction.
 *  - Names (ids, topics, addresses, keys) are NUL-terminated UTF-8; what a user typed, a game printed, or JSON is a
 * span.
 *  - Thread tags: [main] the daemon's control thread; [lane] the plugin's serial queue, callbacks never overlap;
 *    [pool] worker threads, may overlap, may block; [any] thread-safe, never calls back before it returns (sinks
 * excepted).
 *  - Statuses are int32_t, flags uint32_t, truth int32_t (0 or 1). Unknown flag bits and unknown statuses are ignored.
 *  - A slot that is NULL or lies beyond `size` is not there: ask with PINION_HAS.
 */
#ifndef PINION_PLUGIN_H
#define PINION_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PINION_ABI_MAJOR 0
#define PINION_ABI_MINOR 1
#ifndef PINION_ABI_TARGET
#define PINION_ABI_TARGET 0x0001 /* (major << 8) | minor that the author builds for */
#endif

#if defined(__GNUC__)
#define PINION_EXPORT __attribute__((visibility("default")))
#else
#define PINION_EXPORT
#endif

/* ---- frozen for ever: may go by value -------------------------------------------------------------------------- */

typedef int32_t pinion_status;
#define PINION_OK 0
#define PINION_E_INVALID (-1)     /* what was given is malformed */
#define PINION_E_NOT_FOUND (-2)   /* the named thing is not there */
#define PINION_E_DENIED (-3)      /* it is there, and may not be had */
#define PINION_E_BUSY (-4)        /* it is held by another */
#define PINION_E_TIMEOUT (-5)     /* the deadline passed */
#define PINION_E_CANCELLED (-6)   /* the caller no longer wants it */
#define PINION_E_IO (-7)          /* disk, network, Docker or the Panel failed */
#define PINION_E_UNSUPPORTED (-8) /* this daemon cannot do that */
#define PINION_E_STOPPING (-9)    /* the daemon is going down */
#define PINION_E_INTERNAL (-10)   /* a bug; also what every unknown status means */
#define PINION_E_FULL (-11)       /* a limit that was set is reached: the disk space of a server */

typedef struct pinion_span {
  const void *data; /* may be NULL when size is 0; may hold NULs */
  size_t size;
} pinion_span;

typedef struct pinion_sink {
  void *ctx;
  pinion_status (*write)(void *ctx, pinion_span chunk); /* called zero or more times before the function returns */
} pinion_sink;

typedef struct pinion_error {
  uint32_t size;  /* sizeof(pinion_error), set by the caller */
  int32_t code;   /* a pinion_status */
  int32_t detail; /* the errno behind it where there is one, else 0 */
  char message[500];
} pinion_error; /* the caller's; a NULL pointer means "not wanted" */

/* ---- opaque ---------------------------------------------------------------------------------------------------- */

typedef struct pinion_host pinion_host;
typedef struct pinion_reply pinion_reply;     /* one pending answer: to a route or to a call */
typedef struct pinion_request pinion_request; /* what a client sent; lives as long as its reply is not used up */

/* ---- events ---------------------------------------------------------------------------------------------------- */

#define PINION_EVENT_RAW 1u /* the payload is bytes, not JSON */

typedef struct pinion_event { /* lent for the callback; growable */
  uint32_t size;
  uint32_t flags;
  uint64_t seq;        /* set by the host; rises by the order of publication */
  int64_t time_ms;     /* set by the host; Unix time */
  const char *topic;   /* e.g. "console output" */
  const char *server;  /* a server's UUID, or NULL */
  const char *source;  /* plugin id or "core"; set by the host, never by the sender */
  pinion_span payload; /* a JSON value, or bytes if PINION_EVENT_RAW */
} pinion_event;

typedef void (*pinion_event_fn)(void *user, const pinion_event *event);                     /* [lane] */
typedef void (*pinion_call_fn)(void *user, const pinion_event *event, pinion_reply *reply); /* [lane] */
typedef void (*pinion_done_fn)(void *user, pinion_status status, pinion_span answer);       /* [lane], exactly once */

/* ---- "pinion.bus/1": all [any] --------------------------------------------------------------------------------- */

/* What a subscription does when its queue is full: 1024 events, 16384 for DROP_OLDEST. */
#define PINION_POLICY_ALL                                                                                              \
  0u /* the subscription is ended and told so by an event "subscription.ended" on its callback */
#define PINION_POLICY_LATEST 1u      /* per topic and server only the newest is kept */
#define PINION_POLICY_DROP_OLDEST 2u /* the oldest goes; the next event delivered has PINION_EVENT_GAP set */
#define PINION_EVENT_GAP 2u          /* events before this one were dropped for this subscription */

typedef struct pinion_bus_v1 {
  uint32_t size;
  uint32_t reserved;
  /* Copies the event; never blocks. `size`, `flags`, `topic`, `server` and `payload` are read, the rest is the host's.
   * Topics of the core (see sdk/contracts/topics.v1.json) are refused with PINION_E_DENIED. */
  pinion_status (*publish)(const pinion_host *host, const pinion_event *event, pinion_error *error);
  /* `pattern` is TOPIC, PREFIX* or *, each optionally followed by "@SERVER-UUID" to hear of one server only. */
  pinion_status (*subscribe)(const pinion_host *host, const char *pattern, uint32_t policy, pinion_event_fn fn,
                             void *user, uint64_t *id, pinion_error *error);
  /* Own an address; PINION_E_BUSY when another plugin does. `about` is a JSON object that list() shows. */
  pinion_status (*offer)(const pinion_host *host, const char *address, pinion_span about, pinion_call_fn fn, void *user,
                         uint64_t *id, pinion_error *error);
  /* Ask the owner of `address`. `event` gives server, flags and payload. The answer comes to `done`, exactly once: also
   * PINION_E_NOT_FOUND, _TIMEOUT, _CANCELLED (by cancel(id)) and _STOPPING. A failure's answer is its text. */
  pinion_status (*call)(const pinion_host *host, const char *address, const pinion_event *event, uint32_t deadline_ms,
                        pinion_done_fn done, void *user, uint64_t *id, pinion_error *error);
  /* JSON array of {"address","owner","about"} whose address begins with `prefix`, sorted by address. */
  pinion_status (*list)(const pinion_host *host, const char *prefix, const pinion_sink *out);
  /* Ends whatever the id stands for (subscription, offer, call, timer, task, act, hold, route). Waits for a running
   * callback of it, except when called from that callback. A pending done function is called with _CANCELLED first. */
  pinion_status (*cancel)(const pinion_host *host, uint64_t id);
} pinion_bus_v1;

/* ---- "pinion.reply/1" ------------------------------------------------------------------------------------------ */

typedef struct pinion_reply_v1 {
  uint32_t size;
  uint32_t reserved;
  /* [any] Uses the reply up. To a call: status and answer (a failure's body is its text). To a route: the end of the
   * body after head(); without head() a success is 200 with the body as JSON (204 when empty), a failure is the status'
   * HTTP code with {"error": body, "request_id": id}. */
  pinion_status (*answer)(pinion_reply *reply, pinion_status status, pinion_span body);
  /* [lane or pool, inside the callback] The answer comes after the callback returns. Not kept and not answered is 500.
   */
  pinion_status (*keep)(pinion_reply *reply);
  /* [any] 1 when nobody waits for the answer any more: deadline passed, client gone, or daemon stopping. */
  int32_t (*cancelled)(const pinion_reply *reply);
} pinion_reply_v1;

/* ---- host, plugin, entry --------------------------------------------------------------------------------------- */

struct pinion_host { /* valid from create() to the end of destroy() */
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  void *impl;
  const char *version;                                             /* the daemon's, for people */
  const void *(*service)(const pinion_host *host, const char *id); /* [any] NULL = not there */
};

typedef struct pinion_plugin_v1 { /* zeroed by the host, filled by create(), copied by the host */
  uint32_t size;
  uint32_t reserved;
  void *self;
  pinion_status (*start)(void *self, pinion_error *error); /* [main] after every plugin was created; may be NULL */
  void (*stop)(void *self);                                /* [main] after it returned no callback runs; may be NULL */
  void (*destroy)(void *self);                             /* [main] the last call */
} pinion_plugin_v1;

typedef struct pinion_entry_v1 {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char *id;           /* [a-z0-9.-]{1,64}; the name of its section in the configuration */
  const char *version;      /* for people */
  const char *summary;      /* one line for people */
  const char *const *needs; /* ids of services it cannot do without, NULL-ended; may be NULL */
  pinion_status (*create)(const pinion_host *host, pinion_plugin_v1 *out, pinion_error *error); /* [main] */
} pinion_entry_v1;

/* The one symbol that a plugin exports. */
extern PINION_EXPORT const pinion_entry_v1 pinion_plugin_entry_v1;

/* Is `slot` there? The table may be NULL, shorter than ours, or have no function in it. */
#define PINION_HAS(table, slot)                                                                                        \
  ((table) != NULL &&                                                                                                  \
   (size_t)(table)->size >= (size_t)((const char *)&(table)->slot - (const char *)(table)) + sizeof((table)->slot) &&  \
   (table)->slot != NULL)

#ifdef __cplusplus
}
#endif

#endif
