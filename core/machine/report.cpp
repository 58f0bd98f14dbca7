#include "machine/report.hpp"

#include "base/json_text.hpp"
#include "machine/facts.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>
#include <thread>

namespace pinion::core::machine {

namespace {

void member(std::string &out, std::string_view key, std::string_view text) {
  appendJsonString(out, key);
  out += ':';
  appendJsonString(out, text);
  out += ',';
}

void member(std::string &out, std::string_view key, std::int64_t value) {
  appendJsonString(out, key);
  out += ':' + std::to_string(value) + ',';
}

void member(std::string &out, std::string_view key, std::uint64_t value) {
  member(out, key, static_cast<std::int64_t>(value));
}

void member(std::string &out, std::string_view key, double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2f", value);
  appendJsonString(out, key);
  out += ':';
  out += text;
  out += ',';
}

// Closes what member() left open: the last comma becomes the bracket.
void close(std::string &out, char bracket) {
  if (out.back() == ',')
    out.back() = bracket;
  else
    out += bracket;
}

std::string osName(const std::string &fallback) {
  const auto names = osRelease();
  for (const char *key : {"PRETTY_NAME", "NAME"})
    if (const auto found = names.find(key); found != names.end() && !found->second.empty()) return found->second;
  return fallback;
}

std::string orRoot(const std::string &path, const std::string &root, const char *folder) {
  return path.empty() ? root + "/" + folder : path;
}

// The mount that holds `path`: the longest mountpoint that is a whole-component prefix of it.
const Mount *holder(const std::vector<Mount> &mounts, const std::string &path) {
  const Mount *best = nullptr;
  for (const Mount &mount : mounts) {
    const std::string &point = mount.mountpoint;
    const bool holds = point == "/" || path == point || path.starts_with(point + "/");
    if (holds && (best == nullptr || point.size() >= best->mountpoint.size())) best = &mount;
  }
  return best;
}

struct Disk {
  std::string device, mountpoint;
  std::uint64_t total = 0, used = 0;
  std::vector<std::string> tags;
};

std::vector<Disk> disks(const Config &config) {
  const auto &system = config.system;
  const std::pair<const char *, std::string> places[] = {
      {"Root", system.root_directory},
      {"Logs", system.log_directory},
      {"Data", orRoot(system.data, system.root_directory, "volumes")},
      {"Archive", orRoot(system.archive_directory, system.root_directory, "archives")},
      {"Backup", orRoot(system.backup_directory, system.root_directory, "backups")},
      {"Temp", system.tmp_directory},
  };
  const std::vector<Mount> all = mounts();
  std::vector<Disk> out;
  std::set<std::string> seen;
  for (const Mount &mount : all) {
    static const std::set<std::string> passing{"tmpfs", "devtmpfs", "squashfs", "overlay"};
    if (!mount.device.starts_with('/') || passing.contains(mount.type) || !seen.insert(mount.device).second) continue;
    struct statvfs info {};
    if (::statvfs(mount.mountpoint.c_str(), &info) != 0 || info.f_blocks == 0) continue;
    Disk disk{mount.device,
              mount.mountpoint,
              info.f_blocks * info.f_frsize,
              (info.f_blocks - info.f_bfree) * info.f_frsize,
              {}};
    for (const auto &[tag, path] : places)
      if (const Mount *found = holder(all, path); found != nullptr && found->device == mount.device)
        disk.tags.emplace_back(tag);
    out.push_back(std::move(disk));
  }
  return out;
}

double busyPercent() {
  const CpuTimes before = cpuTimes();
  std::this_thread::sleep_for(std::chrono::milliseconds(100)); // the span that is measured
  const CpuTimes after = cpuTimes();
  const double total = static_cast<double>(after.total - before.total);
  return total > 0 ? 100.0 * (total - static_cast<double>(after.idle - before.idle)) / total : 0;
}

Poco::JSON::Object::Ptr child(const Poco::JSON::Object::Ptr &object, const std::string &key) {
  return object.isNull() ? nullptr : object->getObject(key);
}

std::string text(const Poco::JSON::Object::Ptr &object, const std::string &key) {
  return object.isNull() ? std::string() : object->optValue<std::string>(key, "");
}

std::int64_t whole(const Poco::JSON::Object::Ptr &object, const std::string &key) {
  return object.isNull() ? 0 : object->optValue<Poco::Int64>(key, 0);
}

Poco::JSON::Object::Ptr parseEngine(const std::string &engine) {
  return Poco::JSON::Parser().parse(engine).extract<Poco::JSON::Object::Ptr>();
}

std::string backingFilesystem(const Poco::JSON::Object::Ptr &info) {
  const auto rows = info->getArray("DriverStatus");
  if (rows.isNull()) return {};
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto row = rows->getArray(static_cast<unsigned>(i));
    if (!row.isNull() && row->size() == 2 && row->getElement<std::string>(0) == "Backing Filesystem")
      return row->getElement<std::string>(1);
  }
  return {};
}

std::string tail(const std::string &all, int lines) {
  std::size_t from = all.size();
  for (int left = lines + 1; left > 0 && from != std::string::npos && from > 0; --left)
    from = all.rfind('\n', from - 1);
  return from == std::string::npos || from == 0 ? all : all.substr(from + 1);
}

} // namespace

std::string shortReport(const std::string &version) {
  std::string out = "{";
  member(out, "architecture", architecture());
  member(out, "cpu_count", static_cast<std::int64_t>(processors()));
  member(out, "kernel_version", kernelVersion());
  member(out, "os", "linux");
  member(out, "version", version);
  close(out, '}');
  return out;
}

Result<std::string> fullReport(const std::string &version, const std::string &engine) try {
  const auto root = parseEngine(engine);
  const auto info = child(root, "info");
  if (info.isNull()) return Error{Code::io, "the Docker Engine gave no information about itself"};
  std::string out = "{";
  member(out, "version", version);
  out += "\"docker\":{";
  member(out, "version", text(child(root, "version"), "Version"));
  out += "\"cgroups\":{";
  member(out, "driver", text(info, "CgroupDriver"));
  member(out, "version", text(info, "CgroupVersion"));
  close(out, '}');
  out += ",\"containers\":{";
  member(out, "total", whole(info, "Containers"));
  member(out, "running", whole(info, "ContainersRunning"));
  member(out, "paused", whole(info, "ContainersPaused"));
  member(out, "stopped", whole(info, "ContainersStopped"));
  close(out, '}');
  out += ",\"storage\":{";
  member(out, "driver", text(info, "Driver"));
  member(out, "filesystem", backingFilesystem(info));
  close(out, '}');
  out += ",\"runc\":{";
  member(out, "version", text(child(info, "RuncCommit"), "ID"));
  close(out, '}');
  out += "},\"system\":{";
  member(out, "architecture", architecture());
  member(out, "cpu_threads", static_cast<std::int64_t>(processors()));
  member(out, "memory_bytes", whole(info, "MemTotal"));
  member(out, "kernel_version", kernelVersion());
  member(out, "os", osName(text(info, "OperatingSystem")));
  member(out, "os_type", "linux");
  close(out, '}');
  out += '}';
  return out;
} catch (const Poco::Exception &e) {
  return Error{Code::io, "the Docker Engine's description of itself is unreadable: " + e.displayText()};
}

std::string addressReport(const Config &config) {
  std::vector<std::string> all = addresses();
  for (const std::string &configured : config.docker.system_ips)
    if (std::find(all.begin(), all.end(), configured) == all.end()) all.push_back(configured);
  std::string out = "{\"ip_addresses\":[";
  for (const std::string &address : all) {
    appendJsonString(out, address);
    out += ',';
  }
  close(out, ']');
  out += '}';
  return out;
}

std::string utilizationReport(const Config &config) {
  const Memory now = memory();
  const Load loads = load();
  std::string out = "{";
  member(out, "memory_total", now.total);
  member(out, "memory_used", now.total - now.available);
  member(out, "swap_total", now.swap_total);
  member(out, "swap_used", now.swap_total - now.swap_free);
  member(out, "load_average1", loads.one);
  member(out, "load_average5", loads.five);
  member(out, "load_average15", loads.fifteen);
  member(out, "cpu_percent", busyPercent());
  const std::vector<Disk> all = disks(config);
  std::uint64_t total = 0, used = 0;
  for (const Disk &disk : all) {
    total += disk.total;
    used += disk.used;
  }
  member(out, "disk_total", total);
  member(out, "disk_used", used);
  out += "\"disk_details\":[";
  for (const Disk &disk : all) {
    out += '{';
    member(out, "device", disk.device);
    member(out, "mountpoint", disk.mountpoint);
    member(out, "total_space", disk.total);
    member(out, "used_space", disk.used);
    out += "\"tags\":[";
    for (const std::string &tag : disk.tags) {
      appendJsonString(out, tag);
      out += ',';
    }
    close(out, ']');
    out += "},";
  }
  close(out, ']');
  out += '}';
  return out;
}

std::string diagnostics(const Config &config, const std::string &version, const std::string &engine,
                        const DiagnosticsQuery &query) {
  std::string out;
  const auto line = [&](std::string_view key, const std::string &value) {
    out.append(key);
    out.append(key.size() < 24 ? 24 - key.size() : 1, ' ');
    out += value + "\n";
  };
  const auto title = [&](const char *name) {
    out += std::string("\n|\n| ") + name + "\n| ------------------------------\n";
  };
  const auto endpoint = [&](const std::string &value) {
    return query.include_endpoints ? value : std::string("{redacted}");
  };
  const auto yes = [](bool value) { return std::string(value ? "true" : "false"); };

  out += "Pinion - Diagnostics Report\n";
  title("Versions");
  line("Pinion:", version);
  line("Kernel:", kernelVersion());
  line("OS:", osName("unknown"));
  title("Node Configuration");
  line("Panel Location:", endpoint(config.remote));
  line("Api Host:", endpoint(config.api.host));
  line("Api Port:", std::to_string(config.api.port));
  line("SSL Enabled:", yes(config.api.ssl.enabled));
  line("SFTP Port:", std::to_string(config.system.sftp_bind_port));
  line("Root Directory:", config.system.root_directory);
  line("Logs Directory:", config.system.log_directory);
  line("Data Directory:", orRoot(config.system.data, config.system.root_directory, "volumes"));
  line("Username:", config.system.username);
  line("Timezone:", config.system.timezone);
  line("Debug Mode:", yes(config.debug));
  title("Docker: Info");
  if (engine.empty()) {
    out += "The Docker Engine does not answer.\n";
  } else {
    try {
      const auto root = parseEngine(engine);
      const auto info = child(root, "info");
      line("Server Version:", text(child(root, "version"), "Version"));
      line("Storage Driver:", text(info, "Driver"));
      line("Cgroup Driver:", text(info, "CgroupDriver"));
      line("Cgroup Version:", text(info, "CgroupVersion"));
      line("Containers:", std::to_string(whole(info, "Containers")));
      line("Containers Running:", std::to_string(whole(info, "ContainersRunning")));
    } catch (const Poco::Exception &e) {
      out += "The Docker Engine's answer is unreadable: " + e.displayText() + "\n";
    }
  }
  if (query.include_logs) {
    title("Latest Logs");
    std::string log = tail(slurp(config.system.log_directory + "/wings.log"), query.log_lines);
    if (!query.include_endpoints && !config.remote.empty())
      for (std::size_t at = 0; (at = log.find(config.remote, at)) != std::string::npos;)
        log.replace(at, config.remote.size(), "{redacted}");
    out += log.empty() ? "There is no log.\n" : log;
  }
  return out;
}

} // namespace pinion::core::machine
