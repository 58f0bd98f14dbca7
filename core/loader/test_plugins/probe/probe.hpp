// A plugin in plain C style that does on its lane what the test asks of its offer "probe/do", and answers "STATUS
// text". The payload is a list of words, of which the first is an operation; the operations lie in one file for each
// group of services. What happens to the plugin is published as events "probe.*".
#pragma once

#include <pinion/services.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace probe {

using Words = std::vector<std::string>;
using Operations = std::map<std::string, std::function<std::string(const Words &)>>;

Operations busOperations();
Operations workOperations();
Operations nodeOperations();
Operations serverOperations();
Operations fileOperations();
Operations streamOperations();
Operations storeOperations();
std::string nulls(const Words &);

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

extern const pinion_host *host;
extern Tables t;
extern std::map<std::string, uint64_t> ids; // by the name that the test gave
extern std::atomic<bool> call_done;

inline pinion_span span(const std::string &text) { return {text.data(), text.size()}; }
inline std::string text(pinion_span bytes) { return {static_cast<const char *>(bytes.data), bytes.size}; }
inline uint32_t flags(const std::string &word) { return static_cast<uint32_t>(std::stoul(word)); }

inline pinion_status append(void *out, pinion_span chunk) {
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

// Publishes an event of its own.
void tell(const char *topic, const std::string &payload);
// Tells the event, and the end of what has ended: `user` is its name, as text.
void heard(void *, const pinion_event *event);
void done(void *user, pinion_status status, pinion_span answer);

// Work that blocks until the gate is opened, 20 s at most.
void openGate(bool open);
pinion_status blockWork(void *);

} // namespace probe
