#include "bus/index.hpp"

namespace pinion::core {

namespace {

template <typename Map, typename Key> void take(Map &map, const Key &key, const Subscription &one) {
  const auto found = map.find(key);
  if (found == map.end()) return;
  std::erase_if(found->second, [&](const SubscriptionPtr &other) { return other.get() == &one; });
  if (found->second.empty()) map.erase(found);
}

} // namespace

void Index::add(const SubscriptionPtr &one) {
  const Pattern &pattern = one->pattern;
  if (pattern.prefix)
    prefixes_[pattern.server].push_back(one);
  else
    exact_[Key{pattern.text, pattern.server}].push_back(one);
}

void Index::remove(const Subscription &one) {
  const Pattern &pattern = one.pattern;
  if (pattern.prefix)
    take(prefixes_, pattern.server, one);
  else
    take(exact_, KeyView{pattern.text, pattern.server}, one);
}

} // namespace pinion::core
