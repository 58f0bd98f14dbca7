#include "docker/image.hpp"

#include "base/json_text.hpp"
#include "docker/json.hpp"

#include <Poco/Base64Encoder.h>

#include <algorithm>
#include <sstream>

namespace pinion::core {

namespace {

constexpr std::string_view kHub = "docker.io";

bool isHost(std::string_view first) {
  return first.find('.') != std::string_view::npos || first.find(':') != std::string_view::npos || first == "localhost";
}

// "alpine" -> "docker.io/alpine"; the Hub's other names are made one.
std::string withHost(std::string_view image) {
  const auto slash = image.find('/');
  const auto first = image.substr(0, slash);
  if (slash == std::string_view::npos || !isHost(first)) return std::string(kHub) + "/" + std::string(image);
  if (first == "index.docker.io" || first == "registry-1.docker.io")
    return std::string(kHub) + std::string(image.substr(slash));
  return std::string(image);
}

std::string normalisedRegistry(std::string_view registry) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (registry.substr(0, scheme.size()) == scheme) registry.remove_prefix(scheme.size());
  while (!registry.empty() && registry.back() == '/') registry.remove_suffix(1);
  if (registry.empty()) return {};
  if (registry == "index.docker.io/v1" || registry == kHub) return std::string(kHub);
  if (registry.find('/') == std::string_view::npos && isHost(registry))
    return registry == "index.docker.io" || registry == "registry-1.docker.io" ? std::string(kHub)
                                                                               : std::string(registry);
  return withHost(registry);
}

std::string base64Url(const std::string &text) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out, Poco::BASE64_URL_ENCODING);
  encoder.rdbuf()->setLineLength(0);
  encoder << text;
  encoder.close();
  std::string coded = out.str();
  while (coded.size() % 4 != 0) coded.push_back('='); // the engine wants the padding
  return coded;
}

} // namespace

ImageName splitImage(const std::string &image) {
  const auto at = image.find('@');
  std::string name = image.substr(0, at), tag = "latest";
  const auto slash = name.rfind('/'), colon = name.rfind(':');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    tag = name.substr(colon + 1);
    name.resize(colon);
  }
  if (at != std::string::npos) tag = image.substr(at + 1);
  return {name, tag};
}

std::string registryAuth(const std::string &image, const std::map<std::string, Config::Docker::Registry> &registries) {
  const std::string name = withHost(splitImage(image).name);
  std::size_t longest = 0;
  const Config::Docker::Registry *found = nullptr;
  for (const auto &[key, registry] : registries) {
    const std::string prefix = normalisedRegistry(key);
    if (prefix.empty() || name.compare(0, prefix.size(), prefix) != 0) continue;
    if (name.size() != prefix.size() && name[prefix.size()] != '/') continue;
    if (prefix.size() <= longest) continue;
    longest = prefix.size();
    found = &registry;
  }
  if (found == nullptr) return {};
  return base64Url("{\"username\":" + jsonString(found->username) + ",\"password\":" + jsonString(found->password) +
                   "}");
}

bool hasTag(const std::string &inspect, const std::string &image) {
  const auto answer = json::parseObject(inspect);
  if (!answer) return false;
  const auto [name, tag] = splitImage(image);
  const bool digest = image.find('@') != std::string::npos;
  const auto known = json::texts(json::array(*answer, digest ? "RepoDigests" : "RepoTags"));
  return std::find(known.begin(), known.end(), name + (digest ? "@" : ":") + tag) != known.end();
}

Progress pullProgress(std::string_view line) {
  Progress out;
  const auto answer = json::parseObject(std::string(line));
  if (!answer) return out;
  out.error = json::text(*answer, "error");
  const std::string status = json::text(*answer, "status"), progress = json::text(*answer, "progress");
  if (!status.empty() || !progress.empty()) out.line = status + " " + progress;
  return out;
}

} // namespace pinion::core
