#include "config/keys.hpp"
#include "config/scalar.hpp"
#include "config/store_state.hpp"

#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace pinion::core {

namespace {

constexpr std::size_t kLargestSecretFile = 64 * 1024;

Error at(const std::string &name, int line, const std::string &what) {
  return {Code::invalid, name + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what};
}

// The part of `path` that is there but no mapping, so that nothing can be below it; empty when there is none.
std::string brokenSection(const Value &document, std::string_view path, int *line) {
  for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    const Value *section = document.findPath(path.substr(0, dot));
    if (!section || section->kind == Value::Kind::null) return {};
    if (section->kind == Value::Kind::map) continue;
    *line = section->line;
    return std::string(path.substr(0, dot));
  }
  return {};
}

Result<void> readKeys(const Value &document, const std::string &name, Config &config) {
  for (const auto &key : keys()) {
    int line = 0;
    if (const auto section = brokenSection(document, key.path, &line); !section.empty())
      return at(name, line, section + " must be a mapping");
    const Value *value = document.findPath(key.path);
    if (!value) continue;
    if (auto assigned = assign(key, config, *value, Dialect::yaml); !assigned)
      return at(name, value->line, assigned.error().text);
  }
  return {};
}

Result<void> readPlugins(const Value &document, const std::string &name, Config &config) {
  const Value *plugins = document.find("plugins");
  if (!plugins) return {};
  config.plugins_given = true;
  if (plugins->kind == Value::Kind::list) {
    for (const auto &item : plugins->items) {
      if (!item.isScalar() || item.text.empty())
        return at(name, item.line, "plugins must be a list of names, or a mapping of names to sections");
      config.plugins[item.text] = "{}";
    }
    return {};
  }
  if (plugins->kind != Value::Kind::map && plugins->kind != Value::Kind::null)
    return at(name, plugins->line, "plugins must be a list of names, or a mapping of names to sections");
  for (const auto &[plugin, section] : plugins->members) {
    std::string json = "{}";
    if (section.kind == Value::Kind::map) {
      json.clear();
      appendJson(json, section);
    } else if (section.kind != Value::Kind::null) {
      return at(name, section.line, "plugins." + plugin + " must be a mapping; to leave a plugin out, remove its name");
    }
    config.plugins[plugin] = std::move(json);
  }
  return {};
}

void deriveFolders(Config::System &system) {
  if (system.data.empty()) system.data = system.root_directory + "/volumes";
  if (system.archive_directory.empty()) system.archive_directory = system.root_directory + "/archives";
  if (system.backup_directory.empty()) system.backup_directory = system.root_directory + "/backups";
}

Result<void> resolve(const Value &document, const std::string &name, const char *key, const char *variable,
                     std::string &credential) {
  auto resolved = resolveCredential(credential, variable);
  if (!resolved) {
    const Value *value = document.find(key);
    return at(name, value ? value->line : 0, std::string(key) + ": " + resolved.error().text);
  }
  credential = std::move(*resolved);
  return {};
}

bool isNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

Result<std::string> expandVariables(const std::string &raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size();) {
    if (raw[i] != '$') {
      out.push_back(raw[i++]);
      continue;
    }
    const bool braced = i + 1 < raw.size() && raw[i + 1] == '{';
    std::size_t begin = i + (braced ? 2 : 1), end = begin;
    while (end < raw.size() && isNameCharacter(raw[end])) ++end;
    const auto variable = raw.substr(begin, end - begin);
    if (variable.empty() || (braced && (end == raw.size() || raw[end] != '}')))
      return Error{Code::invalid, "\"$\" must be followed by the name of an environment variable, as in ${NAME}"};
    const char *value = std::getenv(variable.c_str());
    if (!value) return Error{Code::invalid, "the environment variable " + variable + " is not set"};
    out += value;
    i = end + (braced ? 1 : 0);
  }
  return out;
}

} // namespace

Result<std::string> readSmallFile(const std::string &path, std::size_t limit) {
  const auto failed = [&](int number) {
    const Code code = number == ENOENT ? Code::notFound : number == EACCES ? Code::denied : Code::io;
    return Error{code, "cannot read " + path + ": " + std::strerror(number)};
  };
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return failed(errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed(errno);
  if (S_ISDIR(status.st_mode)) return failed(EISDIR);
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > limit)
      return Error{Code::invalid, path + " is too large: at most " + std::to_string(limit / 1024) + " KiB are read"};
  }
}

Result<std::string> resolveCredential(const std::string &raw, const char *override_name) {
  const char *given = std::getenv(override_name);
  auto expanded = expandVariables(given && *given ? given : raw);
  if (!expanded) return expanded;
  static constexpr std::string_view scheme = "file://";
  if (!expanded->starts_with(scheme)) return expanded;
  auto content = readSmallFile(expanded->substr(scheme.size()), kLargestSecretFile);
  if (!content) return Error{Code::invalid, content.error().text};
  content->erase(content->find_last_not_of("\r\n") + 1);
  return content;
}

Result<LoadedConfig> readConfig(const std::string &text, const std::string &name) {
  auto document = parseYaml(text, name);
  if (!document) return document.error();
  if (document->kind == Value::Kind::null) *document = Value::map();
  if (document->kind != Value::Kind::map)
    return at(name, document->line, "the configuration must be a mapping of keys to values");
  LoadedConfig loaded;
  Config &config = loaded.config;
  if (auto read = readKeys(*document, name, config); !read) return read.error();
  if (auto read = readPlugins(*document, name, config); !read) return read.error();
  deriveFolders(config.system);
  loaded.origin = {{}, config.token_id, config.token};
  for (auto [key, variable, credential] :
       {std::tuple{"token_id", "WINGS_TOKEN_ID", &config.token_id}, std::tuple{"token", "WINGS_TOKEN", &config.token}})
    if (auto resolved = resolve(*document, name, key, variable, *credential); !resolved) return resolved.error();
  loaded.origin.document = std::move(*document);
  return loaded;
}

} // namespace pinion::core
