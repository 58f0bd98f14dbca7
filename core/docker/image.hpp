// Names of images and who may pull them (contract docker.md 3.6). Pure.
#pragma once

#include "config/config.hpp"

#include <map>
#include <string>
#include <string_view>

namespace pinion::core {

struct ImageName {
  std::string name; // with the registry's host when the image has one
  std::string tag;  // or digest ("sha256:..."); "latest" when none is given
};
ImageName splitImage(const std::string &image);

// The value of X-Registry-Auth for `image`: the configured registry whose host is the image's, and whose path, if it
// has one, holds the image; the longest wins. Empty when none fits.
std::string registryAuth(const std::string &image, const std::map<std::string, Config::Docker::Registry> &registries);

// Whether an answer of GET /images/<image>/json is of an image with exactly this tag or digest.
bool hasTag(const std::string &inspect, const std::string &image);

struct Progress {
  std::string line;  // "<status> <progress>"; empty when there is nothing to tell
  std::string error; // the registry gave up
};
Progress pullProgress(std::string_view json_line);

} // namespace pinion::core
