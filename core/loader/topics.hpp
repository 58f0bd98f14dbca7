// Which topics a plugin may publish: its own, and those that the contract (sdk/contracts/topics.v1.json) gives to
// anyone. This is the only place of the core that lists topics; a test compares it with the contract.
#pragma once

#include <span>
#include <string_view>

namespace pinion::core {

std::span<const std::string_view> coreTopics();
std::span<const std::string_view> anyonesTopics();
// A plugin's own topics begin with "<id>." or "<id>/".
bool mayPublish(std::string_view plugin, std::string_view topic);
// Addresses of the core begin with "core/"; every other one is offered by whoever comes first.
bool mayOffer(std::string_view address);

} // namespace pinion::core
