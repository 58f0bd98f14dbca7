// What the power actions need of a server's definition, read once per change of it.
#pragma once

#include "done_matcher.hpp"
#include "stop_way.hpp"

#include <pinion/cpp/plugin.hpp>

#include <cstdint>

namespace power {

struct Profile {
  StopWay stop;
  DoneMatcher done;
  bool crash_detection = true;
  std::int64_t disk_limit_mib = 0; // 0 or less: none
};

// Missing and mistyped members leave the defaults.
Profile readProfile(const pinion::Json &configuration, const pinion::Json &process_configuration);

// Offers below a prefix in the order they are called: by about.order (50 when not given), then by address.
struct Step {
  std::string address;
  bool required = false; // a failure ends the action
};
std::vector<Step> orderedSteps(const pinion::Json &offers);

} // namespace power
