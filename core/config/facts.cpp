#include "config/keys.hpp"
#include "config/store_state.hpp"

#include <algorithm>

namespace pinion::core {

namespace {

std::string pointerOf(std::string_view path) {
  std::string out = "/";
  for (const char c : path) out.push_back(c == '.' ? '/' : c);
  return out;
}

bool isAtOrBelow(std::string_view pointer, std::string_view what) {
  return pointer == what || (pointer.starts_with(what) && pointer[what.size()] == '/');
}

} // namespace

Value factsOf(const Config &config) {
  Value tree = Value::map();
  for (const auto &key : keys()) {
    if (key.secrecy == Secrecy::secret) continue;
    Value *here = &tree;
    std::string_view path = key.path;
    for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
      here = &here->at(std::string(path.substr(0, dot)));
      path.remove_prefix(dot + 1);
    }
    here->at(std::string(path)) = valueOf(key, config);
  }
  tree.at("timezone") = Value::string(config.system.timezone);
  tree.at("uid") = Value::plainText(std::to_string(config.system.uid));
  tree.at("gid") = Value::plainText(std::to_string(config.system.gid));
  return tree;
}

bool isSecretPointer(std::string_view pointer) {
  if (isAtOrBelow(pointer, "/plugins")) return true; // each plugin sees its own section, which may hold credentials
  const auto table = keys();
  return std::any_of(table.begin(), table.end(), [&](const Key &key) {
    return key.secrecy == Secrecy::secret && isAtOrBelow(pointer, pointerOf(key.path));
  });
}

} // namespace pinion::core
