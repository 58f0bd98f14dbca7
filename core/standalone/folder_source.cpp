#include "standalone/folder_source.hpp"

#include "base/fd.hpp"
#include "base/guarded.hpp"
#include "base/json_text.hpp"
#include "log/log.hpp"
#include "servers/json_cursor.hpp"
#include "standalone/definition_file.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

namespace pinion::core {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_file = 1 << 20;

Result<std::string> readFile(const std::string &path, const std::string &shown) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::io, shown + ": cannot be read: " + std::strerror(errno)};
  std::string text(max_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return Error{Code::io, shown + ": cannot be read"};
  if (text.size() > max_file) return Error{Code::invalid, shown + ": larger than 1 MiB"};
  return text;
}

// Where a call goes: {"servers", "<uuid>", "install"}.
std::vector<std::string> partsOf(const std::string &path) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : path.substr(0, path.find('?')) + "/") {
    if (c != '/')
      part += c;
    else if (!part.empty())
      parts.push_back(std::exchange(part, {}));
  }
  return parts;
}

} // namespace

struct FolderSource::Impl {
  struct Loaded {
    std::string file; // as errors call it
    Result<DefinitionFile> definition;
  };

  std::string folder;
  SettingsDefaults defaults;
  Guarded<std::map<std::string, ServerId>> known;    // file -> UUID, from files that could be read once
  Guarded<std::map<ServerId, bool>> install_reports; // successful

  // All definitions, by file name. Of two with one UUID the second is refused.
  Result<std::vector<Loaded>> load() {
    const std::string place = folder + "/servers";
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(place, error), end; !error && entry != end; entry.increment(error)) {
      const std::string extension = entry->path().extension();
      const std::string name = entry->path().filename();
      if ((extension == ".yml" || extension == ".yaml") && !name.starts_with('.')) names.push_back(name);
    }
    if (error) return Error{Code::io, place + ": cannot be listed: " + error.message()};
    std::sort(names.begin(), names.end());
    std::vector<Loaded> out;
    std::map<ServerId, std::string> owners;
    for (const auto &name : names) {
      const std::string file = "servers/" + name;
      auto text = readFile(place + "/" + name, file);
      auto parsed = text ? parseDefinitionFile(*text, file, defaults) : Result<DefinitionFile>(text.error());
      if (parsed) {
        const ServerId id = parsed->definition->settings.id;
        known.with([&](auto &files) { files[file] = id; });
        if (const auto [owner, fresh] = owners.emplace(id, file); !fresh)
          parsed = Error{Code::invalid, file + ": uuid: " + id.text() + " is that of " + owner->second + " already"};
      }
      out.push_back({file, std::move(parsed)});
    }
    return out;
  }

  // The file of one server.
  Result<DefinitionFile> find(const ServerId &id) {
    auto all = load();
    if (!all) return all.error();
    for (auto &one : *all)
      if (one.definition && one.definition->definition->settings.id == id) return std::move(one.definition);
    for (const auto &one : *all) { // perhaps it is one of the broken
      if (one.definition) continue;
      const std::string stem = fs::path(one.file).stem();
      const bool his = known.with([&](const auto &files) {
        const auto found = files.find(one.file);
        return found == files.end() ? derivedId(stem) == id : found->second == id;
      });
      if (his) return one.definition.error();
    }
    return Error{Code::notFound, "no file in " + folder + "/servers defines the server " + id.text()};
  }

  Result<std::string> install(const std::string &method, const ServerId &id, const std::string &body) {
    auto file = find(id);
    if (!file) return file.error();
    if (method == "GET") {
      const InstallScript &install = file->install;
      return "{\"container_image\":" + jsonString(install.image) + ",\"entrypoint\":" + jsonString(install.entrypoint) +
             ",\"script\":" + jsonString(install.script) + "}";
    }
    bool successful = false;
    JsonCursor json(body);
    json.object([&](std::string_view key) {
      if (key == "successful") json.read(successful);
    });
    json.finish();
    if (json.failed()) return Error{Code::invalid, "the report of an installation: " + json.error()};
    install_reports.with([&](auto &reports) { reports[id] = successful; });
    const std::string &name = file->definition->settings.name;
    if (successful)
      log::info("server installed", {{"server", id.text()}, {"name", name}});
    else
      log::warn("the installation of a server failed; see its install log", {{"server", id.text()}, {"name", name}});
    return std::string();
  }
};

FolderSource::FolderSource(std::string folder, SettingsDefaults defaults) : impl_(std::make_unique<Impl>()) {
  impl_->folder = std::move(folder);
  impl_->defaults = defaults;
}

FolderSource::~FolderSource() = default;

Result<std::vector<DefinitionPtr>> FolderSource::servers() {
  auto all = impl_->load();
  if (!all) return all.error();
  std::vector<DefinitionPtr> out;
  for (auto &one : *all) {
    if (one.definition)
      out.push_back(std::move(one.definition->definition));
    else
      log::error(one.definition.error().text + "; the server is left out");
  }
  return out;
}

Result<DefinitionPtr> FolderSource::server(const ServerId &id) {
  auto file = impl_->find(id);
  if (!file) return file.error();
  return std::move(file->definition);
}

std::optional<bool> FolderSource::installed(const ServerId &id) const {
  return impl_->install_reports.with([&](const auto &reports) -> std::optional<bool> {
    const auto found = reports.find(id);
    return found == reports.end() ? std::nullopt : std::optional(found->second);
  });
}

Result<std::string> FolderSource::call(const std::string &method, const std::string &path, const std::string &body) {
  const auto parts = partsOf(path);
  const auto unknown = [&] {
    return Error{Code::unsupported, method + " " + path + ": a standalone node has no Panel to ask"};
  };
  if (parts.empty()) return unknown();
  if (parts[0] == "servers" && parts.size() >= 2) {
    const auto id = ServerId::parse(parts[1]);
    if (id && parts.size() == 3 && parts[2] == "install" && (method == "GET" || method == "POST"))
      return impl_->install(method, *id, body);
    if (id && parts.size() == 2 && method == "GET") {
      auto file = impl_->find(*id);
      if (!file) return file.error();
      return "{\"settings\":" + file->definition->settings.toJson() +
             ",\"process_configuration\":" + file->definition->process_configuration + "}";
    }
  }
  if (parts[0] == "sftp") return Error{Code::denied, "a standalone node has no users; SFTP logins need a Panel"};
  return method == "POST" ? Result<std::string>(std::string()) : unknown(); // a report: nobody is there to hear it
}

} // namespace pinion::core
