#include "script.hpp"

#include <algorithm>
#include <tuple>

namespace install {

using pinion::Error;
using pinion::Json;
using pinion::Result;

namespace {

std::string text(const Json &object, const char *name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace

Result<Script> readScript(const std::string &answer) {
  const Json document = Json::parse(answer, nullptr, false);
  if (!document.is_object()) return Error{PINION_E_IO, "the Panel's installation script is no JSON object"};
  for (const char *name : {"container_image", "entrypoint", "script"})
    if (document.contains(name) && !document[name].is_string() && !document[name].is_null())
      return Error{PINION_E_IO, std::string("the Panel's installation script has a ") + name + " that is no text"};
  Script script{text(document, "container_image"), text(document, "entrypoint"), {}};
  if (script.image.empty()) return Error{PINION_E_IO, "the Panel's installation script names no container_image"};
  const std::string given = text(document, "script");
  script.text.reserve(given.size());
  for (std::size_t i = 0; i < given.size(); ++i)
    if (given[i] != '\r' || i + 1 == given.size() || given[i + 1] != '\n') script.text += given[i];
  return script;
}

std::vector<Step> orderedSteps(const Json &offers, std::string_view phase) {
  std::vector<std::tuple<double, std::string, bool>> found;
  if (offers.is_array()) {
    for (const auto &offer : offers) {
      const std::string address = text(offer, "address");
      if (address.empty() || !offer.contains("about") || text(offer["about"], "phase") != phase) continue;
      const Json &about = offer["about"];
      const double order = about.contains("order") && about["order"].is_number() ? about["order"].get<double>() : 50.0;
      found.emplace_back(order, address, text(about, "on-failure") != "continue");
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<Step> steps;
  for (auto &[order, address, abort] : found) steps.push_back({std::move(address), abort});
  return steps;
}

} // namespace install
