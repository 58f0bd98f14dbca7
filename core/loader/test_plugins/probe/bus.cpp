// Events, calls, and the end of both.
#include "probe.hpp"

namespace probe {
namespace {

void echo(void *, const pinion_event *e, pinion_reply *reply) { t.reply->answer(reply, PINION_OK, e->payload); }
void cancelOwn(void *, const pinion_event *) { tell("probe.own", std::to_string(t.bus->cancel(host, ids["own"]))); }

std::string cancelAll(const Words &w) {
  std::string out;
  for (std::size_t i = 1; i < w.size(); ++i) out += std::to_string(t.bus->cancel(host, ids[w[i]])) + " ";
  return out;
}

} // namespace

Operations busOperations() {
  return {
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
      {"cancel", &cancelAll},
  };
}

} // namespace probe
