#include "docker/spec.hpp"

#include "base/json_text.hpp"
#include "docker/environment_list.hpp"

#include <map>
#include <utility>

namespace pinion::core {

namespace {

using Texts = std::vector<std::string>;

// Writes the members of an object one after another.
class Members {
public:
  explicit Members(std::string &out) : out_(out) { out_.push_back('{'); }
  Members(const Members &) = delete;
  Members &operator=(const Members &) = delete;
  ~Members() { out_.push_back('}'); }
  std::string &raw(std::string_view key) {
    if (out_.back() != '{') out_.push_back(',');
    appendJsonString(out_, key);
    out_.push_back(':');
    return out_;
  }
  void text(std::string_view key, std::string_view value) { appendJsonString(raw(key), value); }
  void flag(std::string_view key, bool value) { raw(key) += value ? "true" : "false"; }
  void texts(std::string_view key, const Texts &values) {
    raw(key).push_back('[');
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i != 0) out_.push_back(',');
      appendJsonString(out_, values[i]);
    }
    out_.push_back(']');
  }
  void map(std::string_view key, const std::map<std::string, std::string> &values) {
    Members inner(raw(key));
    for (const auto &[name, value] : values) inner.text(name, value);
  }

private:
  std::string &out_;
};

void appendTerminal(Members &body) {
  for (const char *key : {"AttachStdin", "AttachStdout", "AttachStderr", "OpenStdin", "Tty"}) body.flag(key, true);
}

void appendEnvironment(Members &body, const Settings &settings, const EnvironmentRules &rules, Texts &warnings) {
  Texts unclear;
  body.texts("Env", environmentList(settings, rules, unclear));
  for (const auto &name : unclear)
    warnings.push_back("environment variable " + name + " is neither text, number nor boolean: left empty");
}

void appendLabels(Members &body, const Settings &settings, const std::string &type, bool own) {
  std::map<std::string, std::string> labels;
  if (own && settings.labels) labels = *settings.labels;
  labels["Service"] = "Pterodactyl"; // not the server's to choose
  labels["ContainerType"] = type;
  body.map("Labels", labels);
}

// "25565/tcp" -> addresses of this machine.
std::map<std::string, Texts> portBindings(const Settings &settings, const Config::Docker::Network &network) {
  std::map<std::string, Texts> out;
  for (const auto &[ip, ports] : settings.mappings)
    for (const int port : ports) {
      if (port < 1 || port > 65535) continue;
      for (const char *kind : {"/tcp", "/udp"}) {
        auto &addresses = out[std::to_string(port) + kind];
        if (ip != "127.0.0.1")
          addresses.push_back(ip);
        else if (!network.ispn)
          addresses.push_back(network.interface);
      }
    }
  return out;
}

void appendPorts(Members &host, const std::map<std::string, Texts> &ports) {
  Members bindings(host.raw("PortBindings"));
  for (const auto &[key, addresses] : ports) {
    std::string &out = bindings.raw(key);
    out.push_back('[');
    for (const auto &address : addresses) {
      if (out.back() != '[') out.push_back(',');
      Members binding(out);
      binding.text("HostIp", address);
      binding.text("HostPort", key.substr(0, key.find('/')));
    }
    out.push_back(']');
  }
}

// What servers and installers have in common.
void appendHost(Members &host, const Config::Docker &docker, const std::vector<Mount> &mounts) {
  appendMounts(host.raw("Mounts"), mounts);
  host.map("Tmpfs", {{"/tmp", "rw,exec,nosuid,size=" + std::to_string(docker.tmpfs_size) + "M"}});
  host.texts("Dns", docker.network.dns);
  Members log(host.raw("LogConfig"));
  if (docker.log_type.empty()) return;
  log.text("Type", docker.log_type);
  log.map("Config", docker.log_config);
}

void appendLimits(Members &host, std::string &out, const Build &build, const Config::Docker &docker,
                  const ResourceRules &rules) {
  host.text("UsernsMode", docker.userns_mode);
  out.push_back(',');
  appendResources(out, build, docker, rules);
}

} // namespace

std::string imageName(const std::string &image) {
  return !image.empty() && image.front() == '~' ? image.substr(1) : image;
}

std::string forcedNetwork(const Settings &settings) {
  if (!settings.force_outgoing_ip || settings.default_allocation.ip.empty()) return {};
  std::string name = "ip-" + settings.default_allocation.ip;
  for (auto &c : name)
    if (c == '.' || c == ':') c = '-';
  return name;
}

std::string serverBody(const ServerSpec &spec, Texts &warnings) {
  const auto &[settings, config, mounts, io_weight] = spec;
  const auto &system = config.system;
  const auto &docker = config.docker;
  const auto ports = portBindings(settings, docker.network);
  std::string out;
  {
    Members body(out);
    body.text("Hostname", settings.id.text());
    body.text("Domainname", docker.domainname);
    body.text("User", system.rootless
                          ? std::to_string(system.container_uid) + ":" + std::to_string(system.container_gid)
                          : std::to_string(system.uid) + ":" + std::to_string(system.gid));
    appendTerminal(body);
    body.text("Image", imageName(settings.image));
    appendEnvironment(body, settings, {system.timezone, docker.network.interface}, warnings);
    appendLabels(body, settings, "server_process", true);
    {
      Members exposed(body.raw("ExposedPorts"));
      for (const auto &entry : ports) exposed.raw(entry.first) += "{}";
    }
    Members host(body.raw("HostConfig"));
    appendPorts(host, ports);
    appendHost(host, docker, mounts);
    host.texts("SecurityOpt", {"no-new-privileges"});
    host.flag("ReadonlyRootfs", true);
    host.texts("CapDrop", {"setpcap", "mknod", "audit_write", "net_raw", "dac_override", "fowner", "fsetid",
                           "net_bind_service", "sys_chroot", "setfcap", "sys_ptrace"});
    const std::string forced = forcedNetwork(settings);
    host.text("NetworkMode", forced.empty() ? docker.network.mode : forced);
    appendLimits(host, out, settings.build, docker, {true, io_weight});
  }
  return out;
}

std::string onceBody(const OnceSpec &spec, Texts &warnings) {
  const auto &docker = spec.config.docker;
  std::string out;
  {
    Members body(out);
    body.text("Hostname", spec.hostname);
    appendTerminal(body);
    body.text("Image", imageName(spec.image));
    body.texts("Cmd", spec.command);
    appendEnvironment(body, spec.settings, {spec.config.system.timezone, ""}, warnings);
    appendLabels(body, spec.settings, spec.label, false);
    Members host(body.raw("HostConfig"));
    appendHost(host, docker, spec.mounts);
    host.text("NetworkMode", docker.network.mode);
    appendLimits(host, out, spec.has_minimum ? raised(spec.settings.build, spec.minimum) : spec.settings.build, docker,
                 {false, spec.io_weight});
  }
  return out;
}

std::string updateBody(const Settings &settings, const Config &config, bool io_weight) {
  std::string out = "{";
  appendResources(out, settings.build, config.docker, {true, io_weight});
  out.push_back('}');
  return out;
}

} // namespace pinion::core
