#include "docker/mounts.hpp"

#include "base/json_text.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

namespace pinion::core {

namespace {

constexpr std::string_view kHome = "/home/container";

std::optional<std::string> resolved(const std::string &path) {
  char *real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return std::nullopt;
  std::string out(real);
  ::free(real);
  return out;
}

std::string refusal(const CustomMount &mount, const Config &config, std::string &source) {
  if (mount.source.empty() || mount.source.front() != '/') return "the source is no absolute path";
  if (mount.target.empty() || mount.target.front() != '/') return "the target is no absolute path";
  if ((mount.source + mount.target).find('\0') != std::string::npos) return "the path has a NUL byte";
  const std::string clean = cleanPath(mount.source), target = cleanPath(mount.target);
  const auto listed = [&](const std::string &entry) {
    return !entry.empty() && entry.front() == '/' && isWithin(clean, cleanPath(entry));
  };
  if (std::none_of(config.allowed_mounts.begin(), config.allowed_mounts.end(), listed))
    return "the source is not in allowed_mounts of this node";
  if (target == "/" || target == kHome) return "the target is taken";
  if (config.block_base_dir_mount && isWithin(target, kHome))
    return "the target is in /home/container (BlockBaseDirMount)";
  const auto real = resolved(clean);
  if (!real) return "the source does not exist";
  const auto holds = [&](const std::string &entry) {
    if (!listed(entry)) return false;
    const auto folder = resolved(cleanPath(entry));
    return folder && isWithin(*real, *folder);
  };
  if (std::none_of(config.allowed_mounts.begin(), config.allowed_mounts.end(), holds))
    return "the source is a link that leads out of allowed_mounts of this node";
  source = *real;
  return {};
}

} // namespace

std::string cleanPath(std::string_view path) {
  std::vector<std::string_view> parts;
  const bool absolute = !path.empty() && path.front() == '/';
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty() && parts.back() != "..")
      parts.pop_back();
    else if (!absolute)
      parts.push_back(part);
  }
  std::string out(absolute ? "/" : "");
  for (const auto part : parts) {
    if (!out.empty() && out.back() != '/') out.push_back('/');
    out += part;
  }
  return out.empty() ? "." : out;
}

bool isWithin(std::string_view path, std::string_view folder) {
  if (folder == "/") return !path.empty() && path.front() == '/';
  return path == folder ||
         (path.size() > folder.size() && path.substr(0, folder.size()) == folder && path[folder.size()] == '/');
}

std::vector<Mount> serverMounts(const Settings &settings, const Config &config, const std::string &data_path,
                                std::vector<std::string> &warnings) {
  std::vector<Mount> out{{data_path, std::string(kHome), false}};
  const auto file = [&](const std::string &source, const char *target) {
    if (::access(source.c_str(), R_OK) == 0) out.push_back({source, target, true});
  };
  if (config.system.passwd_enable) {
    file(config.system.passwd_directory + "/passwd", "/etc/passwd");
    file(config.system.passwd_directory + "/group", "/etc/group");
  }
  if (config.system.machine_id_enable)
    file(config.system.machine_id_directory + "/" + settings.id.text(), "/etc/machine-id");
  for (const auto &mount : settings.mounts) {
    std::string source, reason = refusal(mount, config, source);
    const std::string target = cleanPath(mount.target);
    const auto same = [&](const Mount &other) { return other.target == target; };
    if (reason.empty() && std::any_of(out.begin(), out.end(), same)) reason = "the target is taken";
    if (reason.empty())
      out.push_back({source, target, mount.read_only});
    else
      warnings.push_back("mount of \"" + mount.source + "\" at \"" + mount.target + "\" left out: " + reason);
  }
  return out;
}

void appendMounts(std::string &out, const std::vector<Mount> &mounts) {
  out.push_back('[');
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    out += i == 0 ? "{\"Type\":\"bind\",\"Source\":" : ",{\"Type\":\"bind\",\"Source\":";
    appendJsonString(out, mounts[i].source);
    out += ",\"Target\":";
    appendJsonString(out, mounts[i].target);
    if (mounts[i].read_only) out += ",\"ReadOnly\":true";
    out.push_back('}');
  }
  out.push_back(']');
}

} // namespace pinion::core
