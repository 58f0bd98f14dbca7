// The node: its configuration, its log, its tokens, its routes and its Panel.
#include "probe.hpp"

namespace probe {

Operations nodeOperations() {
  return {
      {"config",
       [](const Words &w) {
         Out out;
         return out.say(t.config->read(host, w[1].c_str(), &out.sink, &out.error));
       }},
      {"node",
       [](const Words &w) {
         Out out;
         return out.say(t.config->node(host, w[1].c_str(), &out.sink, &out.error));
       }},
      {"log",
       [](const Words &w) {
         t.log->write(host, PINION_LOG_WARN, span(w[1]), span(R"({"a":"text","n":5,"plugin":"another"})"));
         return std::to_string(t.log->enabled(host, PINION_LOG_ERROR));
       }},
      {"verify",
       [](const Words &w) {
         Out out;
         return out.say(t.tokens->verify(host, span(w[1]), w[2].c_str(), &out.sink, &out.error));
       }},
      {"once",
       [](const Words &w) {
         Out out;
         return out.say(t.tokens->use_once(host, w[1].c_str(), INT64_MAX / 2, &out.error));
       }},
      {"deny",
       [](const Words &w) {
         Out out;
         return out.say(t.tokens->deny(host, span(w[1]), &out.error));
       }},
      {"route",
       [](const Words &) {
         Out out;
         pinion_route route{sizeof(pinion_route), 0, "GET", "/late", "none"};
         return out.say(t.routes->add(
             host, &route, [](void *, pinion_request *, pinion_reply *) {}, nullptr, &ids["r"], &out.error));
       }},
      {"panel",
       [](const Words &w) { // name, method, path, body
         Out out;
         return out.say(t.panel->call(host, w[2].c_str(), w[3].c_str(), span(w[4]), &done, const_cast<char *>("panel"),
                                      &ids[w[1]], &out.error));
       }},
  };
}

} // namespace probe
