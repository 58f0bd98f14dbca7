#include "config/config.hpp"

#include "config/store_state.hpp"
#include "log/log.hpp"

namespace pinion::core {

namespace {

constexpr std::size_t kLargestFile = 4 * 1024 * 1024;

void hideSecrets(const Config &config) {
  log::addSecret(config.token);
  for (const auto &[name, registry] : config.docker.registries) log::addSecret(registry.password);
}

} // namespace

ConfigStore::ConfigStore() : impl_(std::make_shared<Impl>()) {}

Result<std::unique_ptr<ConfigStore>> ConfigStore::load(const std::string &path) {
  auto text = readSmallFile(path, kLargestFile);
  if (!text) return text.error();
  auto loaded = readConfig(*text, path);
  if (!loaded) return loaded.error();
  hideSecrets(loaded->config);
  std::unique_ptr<ConfigStore> store(new ConfigStore);
  store->path_ = path;
  store->impl_->origin.with([&](Origin &origin) { origin = std::move(loaded->origin); });
  store->impl_->current.with(
      [&](ConfigPtr &current) { current = std::make_shared<const Config>(std::move(loaded->config)); });
  return store;
}

ConfigPtr ConfigStore::get() const {
  return impl_->current.with([](const ConfigPtr &current) { return current; });
}

void ConfigStore::derive(const std::function<void(Config &)> &change) {
  impl_->origin.with([&](Origin &origin) {
    const ConfigPtr before = get();
    auto next = std::make_shared<Config>(*before);
    change(*next);
    if (next->token_id != before->token_id) origin.token_id = next->token_id;
    if (next->token != before->token) origin.token = next->token;
    impl_->current.with([&](ConfigPtr &current) { current = std::move(next); });
  });
}

Result<void> ConfigStore::write() {
  return impl_->origin.with([&](const Origin &origin) { return replaceFile(path_, configText(*get(), origin)); });
}

Result<bool> ConfigStore::update(const std::string &json) {
  return impl_->origin.with([&](Origin &origin) -> Result<bool> {
    const ConfigPtr before = get();
    if (before->ignore_panel_config_updates) return false;
    auto next = std::make_shared<Config>(*before);
    Origin next_origin = origin;
    if (auto applied = applyPush(json, *next, next_origin); !applied) return applied.error();
    hideSecrets(*next);
    if (auto written = replaceFile(path_, configText(*next, next_origin)); !written) return written.error();
    origin = std::move(next_origin);
    impl_->current.with([&](ConfigPtr &current) { current = std::move(next); });
    return true;
  });
}

Result<std::string> ConfigStore::node(const std::string &pointer) const {
  if (isSecretPointer(pointer)) return Error{Code::denied, "\"" + pointer + "\" is not for plugins"};
  const ConfigPtr now = get();
  const auto tree = impl_->facts.with([&](Impl::Facts &facts) {
    if (facts.of != now) {
      auto next = std::make_shared<Value>(factsOf(*now));
      for (const auto &[key, value] : facts.extra) next->at(key) = value;
      facts.tree = std::move(next);
      facts.of = now;
    }
    return facts.tree;
  });
  const auto value = tree->pointer(pointer);
  if (!value) return value.error();
  std::string out;
  appendJson(out, **value);
  return out;
}

Result<std::string> ConfigStore::section(const std::string &plugin, const std::string &pointer) const {
  const ConfigPtr now = get();
  const auto found = now->plugins.find(plugin);
  auto section = parseJson(found == now->plugins.end() ? "{}" : found->second);
  if (!section) return section.error();
  const auto value = section->pointer(pointer);
  if (!value) return Error{value.error().code, "plugins." + plugin + ": " + value.error().text};
  std::string out;
  appendJson(out, **value);
  return out;
}

void ConfigStore::setFact(const std::string &key, std::string json) {
  auto value = parseJson("[" + json + "]");
  const std::string name = key.starts_with("/") ? key.substr(1) : key;
  impl_->facts.with([&](Impl::Facts &facts) {
    facts.extra[name] = value && value->items.size() == 1 ? std::move(value->items[0]) : Value::string(std::move(json));
    facts.of.reset();
  });
}

} // namespace pinion::core
