#include "docker/node.hpp"

#include "base/json_text.hpp"
#include "docker/engine_error.hpp"
#include "docker/json.hpp"

namespace pinion::core {

namespace {

Result<std::string> ask(Engine &engine, const std::string &method, const std::string &path,
                        std::chrono::milliseconds deadline) {
  static const std::string what = "environment/docker";
  auto answer = engine.request(method, path, "", deadline);
  if (!answer) return during(what, answer.error());
  if (answer->status != 200) return engineError(what, *answer);
  return std::move(answer->body);
}

void trim(std::string &text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
}

} // namespace

Result<std::string> describeEngine(Engine &engine, std::chrono::milliseconds deadline) {
  auto info = ask(engine, "GET", "/info", deadline);
  if (!info) return info.error();
  auto version = ask(engine, "GET", "/version", deadline);
  if (!version) return version.error();
  for (auto *part : {&*info, &*version}) {
    trim(*part);
    if (const auto object = json::parseObject(*part); !object) return during("environment/docker", object.error());
  }
  return "{\"info\":" + *info + ",\"version\":" + *version + "}";
}

Result<std::string> diskUseFromAnswer(const std::string &text) {
  const auto answer = json::parseObject(text);
  if (!answer) return answer.error();
  const auto each = [&](const char *key, const auto &visit) {
    const auto list = json::array(*answer, key);
    for (unsigned i = 0; !list.isNull() && i < list->size(); ++i)
      if (const auto entry = list->getObject(i); !entry.isNull()) visit(entry);
  };
  std::int64_t images = 0, active = 0, containers = 0, cache = 0;
  each("Images", [&](const json::Object &image) {
    ++images;
    if (json::number(image, "Containers") > 0) ++active;
  });
  each("Containers", [&](const json::Object &container) { containers += json::number(container, "SizeRootFs"); });
  each("BuildCache", [&](const json::Object &entry) {
    if (!json::flag(entry, "Shared")) cache += json::number(entry, "Size");
  });
  return "{\"containers_size\":" + std::to_string(containers) + ",\"images_total\":" + std::to_string(images) +
         ",\"images_active\":" + std::to_string(active) +
         ",\"images_size\":" + std::to_string(json::number(*answer, "LayersSize")) +
         ",\"build_cache_size\":" + std::to_string(cache) + "}";
}

Result<std::string> pruneFromAnswer(const std::string &text) {
  const auto answer = json::parseObject(text);
  if (!answer) return answer.error();
  std::string out = "{\"ImagesDeleted\":";
  const auto deleted = json::array(*answer, "ImagesDeleted");
  if (deleted.isNull()) {
    out += "null";
  } else {
    out.push_back('[');
    for (unsigned i = 0; i < deleted->size(); ++i) {
      const auto entry = deleted->getObject(i);
      const std::string untagged = json::text(entry, "Untagged"), gone = json::text(entry, "Deleted");
      out += i == 0 ? "{" : ",{";
      if (!untagged.empty()) out += "\"Untagged\":" + jsonString(untagged);
      if (!gone.empty()) out += std::string(untagged.empty() ? "" : ",") + "\"Deleted\":" + jsonString(gone);
      out.push_back('}');
    }
    out.push_back(']');
  }
  return out + ",\"SpaceReclaimed\":" + std::to_string(json::number(*answer, "SpaceReclaimed")) + "}";
}

Result<std::string> engineDiskUse(Engine &engine, std::chrono::milliseconds deadline) {
  const auto answer = ask(engine, "GET", "/system/df", deadline);
  return answer ? diskUseFromAnswer(*answer) : answer;
}

Result<std::string> pruneImages(Engine &engine, std::chrono::milliseconds deadline) {
  const auto answer =
      ask(engine, "POST", "/images/prune?filters=" + urlEncoded("{\"dangling\":{\"true\":true}}"), deadline);
  return answer ? pruneFromAnswer(*answer) : answer;
}

} // namespace pinion::core
