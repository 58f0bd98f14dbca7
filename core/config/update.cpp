#include "config/keys.hpp"
#include "config/store_state.hpp"

#include <algorithm>

namespace pinion::core {

namespace {

constexpr std::size_t kLongestCredential = 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool sameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

const Key *keyAt(std::string_view path) {
  const auto table = keys();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Key &key) { return key.push && sameName(key.push, path); });
  return found == table.end() ? nullptr : &*found;
}

bool isSection(std::string_view path) {
  const auto table = keys();
  return std::any_of(table.begin(), table.end(), [&](const Key &key) {
    const std::string_view push = key.push ? key.push : "";
    return push.size() > path.size() && push[path.size()] == '.' && sameName(push.substr(0, path.size()), path);
  });
}

// Repeated keys are applied one after another, as the reference's decoder does; null changes nothing in a section.
Result<void> applySection(const Value &section, const std::string &path, Config &config) {
  for (const auto &[name, value] : section.members) {
    if (name.find('.') != std::string::npos) continue; // no key of ours, but it would look like a path
    const std::string here = path.empty() ? name : path + "." + name;
    if (const Key *key = keyAt(here)) {
      if (auto assigned = assign(*key, config, value, Dialect::json); !assigned) return assigned;
    } else if (isSection(here)) {
      if (value.kind != Value::Kind::map && value.kind != Value::Kind::null)
        return Error{Code::invalid, here + " must be an object"};
      if (auto applied = applySection(value, here, config); !applied) return applied;
    }
  }
  return {};
}

// A pushed credential is the credential itself. Were it resolved, whoever can push could have any file of the host sent
// to a Panel of his choice.
bool isCredential(const std::string &text) {
  return !text.empty() && text.size() <= kLongestCredential && !text.starts_with("file://") &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '$'; });
}

// `now` is the credential in use, `pushed` what the document left in its place. The one in use may come from a file or
// the environment; when it is pushed again, as the Panel does each time, it stays there.
Result<void> takeCredential(const char *key, const char *variable, const std::string &now, std::string &pushed,
                            std::string &raw) {
  if (pushed == now) return {};
  if (!isCredential(pushed))
    return Error{Code::invalid, std::string(key) + " must be a plain, non-empty word: no file, variable or space"};
  auto resolved = resolveCredential(pushed, variable);
  if (!resolved) return Error{Code::invalid, std::string(key) + ": " + resolved.error().text};
  raw = pushed;
  pushed = std::move(*resolved);
  return {};
}

} // namespace

Result<void> applyPush(const std::string &json, Config &config, Origin &origin) {
  auto document = parseJson(json);
  if (!document) return document.error();
  if (document->kind != Value::Kind::map && document->kind != Value::Kind::null)
    return Error{Code::invalid, "the configuration must be an object"};
  const Config before = config;
  if (auto applied = applySection(*document, "", config); !applied) return applied;
  if (auto taken = takeCredential("token_id", "WINGS_TOKEN_ID", before.token_id, config.token_id, origin.token_id);
      !taken)
    return taken;
  if (auto taken = takeCredential("token", "WINGS_TOKEN", before.token, config.token, origin.token); !taken)
    return taken;
  // The Panel always pushes these paths, also to nodes whose certificates are elsewhere (http.md 3).
  if (config.api.ssl.key.starts_with("/etc/letsencrypt/live/")) {
    config.api.ssl.cert = before.api.ssl.cert;
    config.api.ssl.key = before.api.ssl.key;
  }
  return {};
}

} // namespace pinion::core
