// Servers, and the environment that they run in.
#include "probe.hpp"

namespace probe {

Operations serverOperations() {
  return {
      {"servers",
       [](const Words &) {
         Out out;
         return out.say(t.servers->list(host, &out.sink));
       }},
      {"read",
       [](const Words &w) {
         Out out;
         return out.say(t.servers->read(host, w[1].c_str(), w.size() > 2 ? w[2].c_str() : "", &out.sink, &out.error));
       }},
      {"hold",
       [](const Words &w) { // name, server, why
         Out out;
         return out.say(t.servers->hold(host, w[2].c_str(), w[3].c_str(), &ids[w[1]], &out.error));
       }},
      {"state",
       [](const Words &w) {
         Out out;
         return out.say(t.servers->set_state(host, w[1].c_str(), w[2].c_str(), &out.error));
       }},
      {"act",
       [](const Words &w) { // name, server, verb, args
         Out out;
         return out.say(t.environment->act(host, w[2].c_str(), w[3].c_str(), span(w[4]), 20000, &done,
                                           const_cast<char *>("act"), &ids[w[1]], &out.error));
       }},
      {"input",
       [](const Words &w) {
         Out out;
         return out.say(t.environment->input(host, w[1].c_str(), span(w[2]), &out.error));
       }},
  };
}

} // namespace probe
