// What the Panel answers to "how is this server installed?" (contract panel.md 5), and the steps of other plugins.
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <string>
#include <vector>

namespace install {

struct Script {
  std::string image, entrypoint;
  std::string text; // line ends are \n; empty when there is none
};

pinion::Result<Script> readScript(const std::string &answer);

// An offer below install-step/ (sdk/contracts/power.v1.json).
struct Step {
  std::string address;
  bool abort_on_failure = true;
};
// Those of a phase ("before-script", "after-script") by about.order (50 when not given), then by address.
std::vector<Step> orderedSteps(const pinion::Json &offers, std::string_view phase);

} // namespace install
