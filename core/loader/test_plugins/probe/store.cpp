// The plugin's own store.
#include "probe.hpp"

namespace probe {

Operations storeOperations() {
  return {
      {"put",
       [](const Words &w) {
         Out out;
         return out.say(t.store->put(host, w[1].c_str(), span(w[2]), &out.error));
       }},
      {"get",
       [](const Words &w) {
         Out out;
         return out.say(t.store->get(host, w[1].c_str(), &out.sink));
       }},
      {"scan",
       [](const Words &w) {
         Out out;
         return out.say(t.store->scan(host, w[1].c_str(), &out.sink));
       }},
      {"apply", // key, value, key, value, ...
       [](const Words &w) {
         Out out;
         std::vector<pinion_store_change> changes;
         for (std::size_t i = 1; i + 1 < w.size(); i += 2) changes.push_back({w[i].c_str(), span(w[i + 1])});
         return out.say(t.store->apply(host, changes.data(), changes.size(), &out.error));
       }},
      {"page", // prefix, limit, after
       [](const Words &w) {
         Out out;
         const char *after = w.size() > 3 ? w[3].c_str() : nullptr;
         const auto limit = static_cast<std::uint32_t>(std::stoul(w[2]));
         return out.say(t.store->page(host, w[1].c_str(), after, limit, &out.sink, &out.error));
       }},
  };
}

} // namespace probe
