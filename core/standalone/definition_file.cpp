#include "standalone/definition_file.hpp"

#include "base/json_text.hpp"
#include "standalone/section.hpp"

#include <Poco/SHA1Engine.h>

#include <algorithm>

namespace pinion::core {

namespace {

constexpr std::int64_t max_port = 65535;

std::string stemOf(const std::string &file) {
  const std::string name = file.substr(file.find_last_of('/') + 1);
  return name.substr(0, name.find_last_of('.'));
}

bool isAbsolute(const std::string &path) { return path.starts_with('/'); }

class Reader {
public:
  Reader(const YAML::Node &root, std::string file, SettingsDefaults defaults)
      : file_(std::move(file)), problem_(file_), top_(root, "", problem_), defaults_(defaults) {}

  Result<DefinitionFile> read() {
    readIdentity();
    readEnvironment();
    readLimits();
    readPorts();
    readMounts();
    const std::string process = readProcess();
    readInstall();
    top_.finish();
    if (problem_.error()) return *problem_.error();
    // Through the same door as a Panel's document, so that both mean the same.
    auto definition = parseDefinition(
        "{\"settings\":" + settings_.toJson() + ",\"process_configuration\":" + process + "}", defaults_);
    if (!definition) return Error{definition.error().code, file_ + ": " + definition.error().text};
    out_.definition = std::move(*definition);
    return std::move(out_);
  }

private:
  void readIdentity() {
    settings_.crash_detection_enabled = defaults_.crash_detection_enabled;
    settings_.id = derivedId(stemOf(file_));
    settings_.name = stemOf(file_);
    std::string uuid;
    top_.text("uuid", uuid);
    if (!uuid.empty()) {
      const auto id = ServerId::parse(uuid);
      if (id && id->isVersion4())
        settings_.id = *id;
      else
        top_.refuse("uuid", "expected a random UUID in lower case (as uuidgen -r prints it), found \"" + uuid +
                                "\"; without the key one is made from the file's name");
    }
    top_.text("name", settings_.name);
    top_.text("description", settings_.description);
    top_.text("image", settings_.image);
    if (settings_.image.empty()) top_.refuse("image", "missing; name a container image, as docker pull takes it");
    top_.text("startup", settings_.invocation);
    if (settings_.invocation.empty())
      top_.refuse("startup", "missing; the command that starts the game in the image, e.g. java -jar server.jar");
    top_.flag("suspended", settings_.suspended);
    top_.flag("crash_detection", settings_.crash_detection_enabled);
    top_.texts("file_denylist", settings_.file_denylist);
    settings_.has_file_denylist = true;
  }

  // Calls `each(key, text)` for the members of a mapping of texts.
  template <typename F> void pairs(const std::string &key, F &&each) {
    const YAML::Node found = top_.value(key);
    if (!found.IsDefined()) return;
    if (!found.IsMap()) return problem_.at(found, key, "expected a mapping (NAME: value)");
    for (const auto &member : found) {
      if (!member.first.IsScalar()) {
        problem_.at(member.first, key, "a name must be a text");
        continue;
      }
      const std::string &name = member.first.Scalar();
      if (member.second.IsNull())
        each(name, std::string());
      else if (auto text = scalarText(member.second, key + "." + name, "a text", problem_))
        each(name, std::move(*text));
    }
  }

  void readEnvironment() {
    // Always texts: what is written is what the game sees (1.10 stays 1.10).
    pairs("environment",
          [&](const std::string &name, const std::string &text) { settings_.environment[name] = jsonString(text); });
    settings_.has_environment = true;
    if (top_.has("labels")) settings_.labels.emplace();
    pairs("labels", [&](const std::string &name, std::string text) { (*settings_.labels)[name] = std::move(text); });
  }

  void readLimits() {
    Build &build = settings_.build;
    top_.size("memory", build.memory_limit, 0);
    top_.size("swap", build.swap, -1);
    top_.size("disk", build.disk_space, 0);
    top_.whole("cpu", build.cpu_limit, 0, 1000000, "percent of one core (100 is one core, 0 no limit)");
    std::int64_t weight = build.io_weight;
    top_.whole("io_weight", weight, 10, 1000, "a number from 10 to 1000");
    build.io_weight = static_cast<std::uint16_t>(weight);
    top_.text("threads", build.threads);
    bool killer = true;
    top_.flag("oom_killer", killer);
    build.oom_disabled = !killer;
  }

  std::optional<Allocation> portOf(const YAML::Node &node) {
    static const std::string wanted = "a port (25565), an address and a port (127.0.0.1:25565), or ip and port as keys";
    Allocation out{"0.0.0.0", 0};
    std::int64_t port = 0;
    if (node.IsMap()) {
      Section section(node, "ports", problem_);
      section.text("ip", out.ip);
      section.whole("port", port, 1, max_port, "a port from 1 to 65535");
      section.finish();
      if (port == 0) problem_.at(node, "ports", "port is missing");
    } else if (auto text = scalarText(node, "ports", wanted, problem_)) {
      const auto colon = text->find_last_of(':');
      if (colon != std::string::npos) out.ip = text->substr(0, colon);
      if (out.ip.size() > 2 && out.ip.front() == '[' && out.ip.back() == ']')
        out.ip = out.ip.substr(1, out.ip.size() - 2);
      const auto number = wholeNumber(colon == std::string::npos ? *text : std::string_view(*text).substr(colon + 1));
      if (!number || *number < 1 || *number > max_port || out.ip.empty())
        problem_.at(node, "ports", "expected " + wanted + ", found \"" + *text + "\"");
      else
        port = *number;
    }
    if (problem_.error()) return std::nullopt;
    out.port = static_cast<int>(port);
    return out;
  }

  void readPorts() {
    settings_.has_mappings = true;
    top_.flag("force_outgoing_ip", settings_.force_outgoing_ip);
    const YAML::Node ports = top_.value("ports");
    settings_.default_allocation.ip = "0.0.0.0";
    if (!ports.IsDefined()) return;
    if (!ports.IsSequence()) return problem_.at(ports, "ports", "expected a list; the first is the game's own port");
    bool first = true;
    for (const auto &item : ports) {
      const auto allocation = portOf(item);
      if (!allocation) return;
      if (std::exchange(first, false)) settings_.default_allocation = *allocation;
      auto &of_ip = settings_.mappings[allocation->ip];
      if (std::find(of_ip.begin(), of_ip.end(), allocation->port) != of_ip.end())
        return problem_.at(item, "ports", std::to_string(allocation->port) + " is given twice");
      of_ip.push_back(allocation->port);
    }
  }

  void readMounts() {
    settings_.has_mounts = true;
    const YAML::Node mounts = top_.value("mounts");
    if (!mounts.IsDefined()) return;
    if (!mounts.IsSequence()) return problem_.at(mounts, "mounts", "expected a list of {source, target, read_only}");
    for (const auto &item : mounts) {
      CustomMount mount;
      Section section(item, "mounts", problem_);
      section.text("source", mount.source);
      section.text("target", mount.target);
      section.flag("read_only", mount.read_only);
      if (!isAbsolute(mount.source)) section.refuse("source", "expected an absolute path on this machine");
      if (!isAbsolute(mount.target)) section.refuse("target", "expected an absolute path in the container");
      section.finish();
      settings_.mounts.push_back(std::move(mount));
    }
  }

  // The stop configuration as JSON.
  std::string readStop() {
    std::string type = "signal", value = "SIGTERM"; // for games that say nothing: what every program understands
    const YAML::Node stop = top_.value("stop");
    if (stop.IsDefined() && stop.IsMap()) {
      Section section(stop, "stop", problem_);
      type.clear();
      value.clear();
      section.text("type", type);
      section.text("value", value);
      if (type != "command" && type != "signal" && type != "stop")
        section.refuse("type", "expected command, signal or stop, found \"" + type + "\"");
      if (type != "stop" && value.empty())
        section.refuse("value", type == "signal" ? "missing; a signal's name, e.g. SIGINT"
                                                 : "missing; the command that ends the game");
      section.finish();
    } else if (stop.IsDefined()) {
      const auto text = scalarText(stop, "stop", "a command, ^C, or a mapping of type and value", problem_);
      if (text && text->starts_with('^')) { // as eggs write it
        value = text->substr(1);
      } else if (text) {
        type = "command";
        value = *text;
      }
    }
    if (type == "signal" && value.starts_with("SIG") && value != "SIGABRT" && value != "SIGINT" && value != "SIGTERM" &&
        value != "SIGKILL")
      problem_.at(stop, "stop", "expected SIGINT, SIGTERM, SIGABRT or SIGKILL, found \"" + value + "\"");
    return "{\"type\":" + jsonString(type) + ",\"value\":" + jsonString(value) + "}";
  }

  std::string readProcess() {
    std::vector<std::string> done{"regex:."}; // any line at all
    bool strip_ansi = false;
    top_.texts("done", done);
    top_.flag("strip_ansi", strip_ansi);
    std::string out = "{\"startup\":{\"done\":[";
    for (std::size_t i = 0; i < done.size(); ++i) {
      if (i != 0) out += ',';
      appendJsonString(out, done[i]);
    }
    out += "],\"user_interaction\":[],\"strip_ansi\":";
    out += strip_ansi ? "true" : "false";
    out += "},\"stop\":" + readStop() + ",\"configs\":";
    const YAML::Node files = top_.value("config_files");
    if (!files.IsDefined()) return out + "[]}";
    if (!files.IsSequence()) problem_.at(files, "config_files", "expected a list of {file, parser, replace}");
    if (files.IsSequence())
      for (const auto &item : files) checkConfigFile(item);
    const auto json = yamlToJson(files);
    if (!json) problem_.at(files, "config_files", "too large or too deep");
    return out + json.value_or("[]") + "}";
  }

  void checkConfigFile(const YAML::Node &node) {
    Section section(node, "config_files", problem_);
    std::string file, parser;
    section.text("file", file);
    section.text("parser", parser);
    bool create = true;
    section.flag("create_file", create);
    (void)section.value("replace");
    static const std::vector<std::string> parsers{"file", "yaml", "yml", "properties", "ini", "json", "xml", "toml"};
    if (file.empty()) section.refuse("file", "missing; the file's path below the server's folder");
    if (std::find(parsers.begin(), parsers.end(), parser) == parsers.end())
      section.refuse("parser", "expected file, yaml, properties, ini, json, xml or toml, found \"" + parser + "\"");
    section.finish();
  }

  void readInstall() {
    const YAML::Node install = top_.value("install");
    settings_.skip_egg_scripts = !install.IsDefined();
    out_.install.image = settings_.image;
    if (!install.IsDefined()) return;
    Section section(install, "install", problem_);
    section.text("image", out_.install.image);
    section.text("entrypoint", out_.install.entrypoint);
    section.text("script", out_.install.script);
    if (out_.install.script.empty())
      section.refuse("script", "missing; the commands that put the game into /mnt/server");
    section.finish();
  }

  std::string file_;
  Problem problem_;
  Section top_;
  SettingsDefaults defaults_;
  Settings settings_;
  DefinitionFile out_;
};

} // namespace

ServerId derivedId(const std::string &file_name) {
  Poco::SHA1Engine sha1;
  sha1.update("pinion standalone server " + file_name);
  std::string hex = Poco::DigestEngine::digestToHex(sha1.digest()).substr(0, 32);
  hex[12] = '4'; // shaped as a random UUID, which the API asks for
  hex[16] = "89ab"[static_cast<std::size_t>(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10) % 4];
  for (const std::size_t dash : {8, 13, 18, 23}) hex.insert(dash, "-");
  return *ServerId::parse(hex);
}

Result<DefinitionFile> parseDefinitionFile(const std::string &text, const std::string &file,
                                           const SettingsDefaults &defaults) {
  Problem problem(file);
  try {
    return Reader(YAML::Load(text), file, defaults).read();
  } catch (const YAML::Exception &e) {
    problem.at(e.mark, e.msg);
  } catch (const std::exception &e) {
    problem.at(YAML::Mark::null_mark(), e.what());
  }
  return *problem.error();
}

} // namespace pinion::core
