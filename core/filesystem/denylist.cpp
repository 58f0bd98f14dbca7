#include "filesystem/denylist.hpp"

#include <algorithm>

namespace pinion::core {

std::shared_ptr<const Ignore> Denylists::of(const ServerPtr &server) {
  const DefinitionPtr definition = server->definition();
  const auto known = state_.with([&](State &state) -> std::shared_ptr<const Ignore> {
    const auto found = state.kept.find(server->id());
    if (found == state.kept.end() || found->second.definition.lock() != definition) return nullptr;
    return found->second.list;
  });
  if (known) return known;
  auto list = std::make_shared<const Ignore>(definition->settings.file_denylist);
  state_.with([&](State &state) {
    if (state.kept.size() >= state.sweep_at) {
      std::erase_if(state.kept, [](const auto &one) { return one.second.definition.expired(); });
      state.sweep_at = std::max<std::size_t>(64, state.kept.size() * 2);
    }
    state.kept[server->id()] = Kept{definition, list};
  });
  return list;
}

} // namespace pinion::core
