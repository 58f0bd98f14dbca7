// Timers, and work on the pool that blocks, ends other work, or ends itself.
#include "probe.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace probe {
namespace {

std::mutex gate_mutex;
std::condition_variable gate_changed;
bool gate_open = false;
int ticks = 0;

void tick(void *) { tell("probe.tick", std::to_string(++ticks)); }
pinion_status work(void *) {
  tell("probe.work", "");
  return PINION_E_IO;
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

} // namespace

void openGate(bool open) {
  const std::lock_guard lock(gate_mutex);
  gate_open = open;
  gate_changed.notify_all();
}

pinion_status blockWork(void *) {
  tell("probe.blocked", "");
  std::unique_lock lock(gate_mutex);
  gate_changed.wait_for(lock, std::chrono::seconds(20), [] { return gate_open; });
  lock.unlock();
  tell("probe.unblocked", "");
  return PINION_OK;
}

Operations workOperations() {
  return {
      {"after",
       [](const Words &w) { // name, after, every
         Out out;
         ticks = 0;
         return out.say(t.timers->after(host, static_cast<uint32_t>(std::stoul(w[2])),
                                        static_cast<uint32_t>(std::stoul(w[3])), &tick, nullptr, &ids[w[1]],
                                        &out.error));
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
       // name: a task that blocks; its release is another task, so that cancel() has to wait for it
       [](const Words &w) {
         uint64_t id = 0;
         t.tasks->run(host, &releaseWork, &done, const_cast<char *>("release"), &id, nullptr);
         const pinion_status status = t.bus->cancel(host, ids[w[1]]);
         tell("probe.returned", "");
         return std::to_string(status);
       }},
  };
}

} // namespace probe
