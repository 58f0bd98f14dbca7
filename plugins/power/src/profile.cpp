#include "profile.hpp"

#include <algorithm>
#include <tuple>

namespace power {

namespace {

using pinion::Json;

const Json &member(const Json &object, const char *name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text(const Json &value) { return value.is_string() ? value.get<std::string>() : std::string(); }

} // namespace

Profile readProfile(const Json &configuration, const Json &process_configuration) {
  Profile profile;
  const Json &stop = member(process_configuration, "stop");
  profile.stop = stopWay(text(member(stop, "type")), text(member(stop, "value")));
  const Json &startup = member(process_configuration, "startup");
  std::vector<std::string> entries;
  if (const Json &done = member(startup, "done"); done.is_array()) {
    for (const auto &entry : done)
      if (entry.is_string()) entries.push_back(entry.get<std::string>());
  }
  const Json &strip = member(startup, "strip_ansi");
  profile.done = DoneMatcher(entries, strip.is_boolean() && strip.get<bool>());
  if (const Json &detection = member(configuration, "crash_detection_enabled"); detection.is_boolean())
    profile.crash_detection = detection.get<bool>();
  if (const Json &disk = member(member(configuration, "build"), "disk_space"); disk.is_number_integer())
    profile.disk_limit_mib = disk.get<std::int64_t>();
  return profile;
}

std::vector<Step> orderedSteps(const Json &offers) {
  std::vector<std::tuple<double, std::string, bool>> found;
  if (offers.is_array()) {
    for (const auto &offer : offers) {
      const Json &about = member(offer, "about");
      const Json &order = member(about, "order");
      const Json &required = member(about, "required");
      found.emplace_back(order.is_number() ? order.get<double>() : 50.0, text(member(offer, "address")),
                         required.is_boolean() && required.get<bool>());
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<Step> steps;
  for (auto &[order, address, required] : found)
    if (!address.empty()) steps.push_back({std::move(address), required});
  return steps;
}

} // namespace power
