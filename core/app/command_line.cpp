#include "app/command_line.hpp"

#include <charconv>
#include <functional>
#include <map>

namespace pinion::core {

namespace {

struct Option {
  bool wants_value = false;
  std::function<bool(CommandLine &, const std::string &)> apply; // false: the value is no good
};

Option flag(bool CommandLine::*member) {
  return {false, [member](CommandLine &line, const std::string &value) {
            if (value != "" && value != "true" && value != "false") return false;
            line.*member = value != "false";
            return true;
          }};
}

Option text(std::string CommandLine::*member) {
  return {true, [member](CommandLine &line, const std::string &value) {
            line.*member = value;
            return !value.empty();
          }};
}

Option whole(int CommandLine::*member) {
  return {true, [member](CommandLine &line, const std::string &value) {
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), line.*member);
            return error == std::errc() && end == value.data() + value.size();
          }};
}

Option configPath() {
  return {true, [](CommandLine &line, const std::string &value) {
            line.config_path = value;
            line.config_given = true;
            return !value.empty();
          }};
}

const std::map<std::string, Option> &options() {
  static const std::map<std::string, Option> all{
      {"--config", configPath()},
      {"--config-path", configPath()},
      {"-c", configPath()},
      {"--standalone", text(&CommandLine::standalone)},
      {"--debug", flag(&CommandLine::debug)},
      {"--ignore-certificate-errors", flag(&CommandLine::ignore_certificate_errors)},
      {"--once", flag(&CommandLine::once)},
      {"--panel-url", text(&CommandLine::panel_url)},
      {"-p", text(&CommandLine::panel_url)},
      {"--token", text(&CommandLine::panel_token)},
      {"-t", text(&CommandLine::panel_token)},
      {"--node", text(&CommandLine::node)},
      {"-n", text(&CommandLine::node)},
      {"--override", flag(&CommandLine::override_existing)},
      {"--allow-insecure", flag(&CommandLine::allow_insecure)},
      {"--log-lines", whole(&CommandLine::log_lines)},
  };
  return all;
}

bool applyCommand(CommandLine &line, const std::string &word) {
  static const std::map<std::string, CommandLine::Command> all{
      {"console", CommandLine::Command::console},
      {"configure", CommandLine::Command::configure},
      {"diagnostics", CommandLine::Command::diagnostics},
      {"version", CommandLine::Command::version},
      {"help", CommandLine::Command::help},
  };
  const auto found = all.find(word);
  if (found == all.end()) return false;
  line.command = found->second;
  return true;
}

} // namespace

Result<CommandLine> parseCommandLine(const std::vector<std::string> &arguments) {
  CommandLine line;
  bool command_seen = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string &argument = arguments[i];
    if (argument == "-h" || argument == "--help") {
      line.command = CommandLine::Command::help;
      return line;
    }
    if (!argument.starts_with('-')) {
      if (!command_seen && applyCommand(line, argument)) {
        command_seen = true;
        continue;
      }
      if (line.command == CommandLine::Command::console && line.server.empty()) {
        line.server = argument;
        continue;
      }
      return Error{Code::invalid, "\"" + argument + "\" is no command; see --help"};
    }
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const auto option = options().find(name);
    if (option == options().end()) return Error{Code::invalid, "\"" + name + "\" is no option; see --help"};
    std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (option->second.wants_value && equals == std::string::npos) {
      if (++i == arguments.size()) return Error{Code::invalid, name + " wants a value"};
      value = arguments[i];
    }
    if (!option->second.apply(line, value)) return Error{Code::invalid, name + " cannot be \"" + value + "\""};
  }
  if (line.command == CommandLine::Command::console && line.server.empty())
    return Error{Code::invalid, "console wants a server: its name, its UUID or the UUID's first eight characters"};
  return line;
}

std::string usage() {
  return R"(Pinion runs game servers for a Pterodactyl or Pelican Panel, or from a folder.

  pinion [--config FILE]                run the daemon for a Panel
  pinion --standalone DIR               run the servers defined in DIR; makes what is missing
  pinion console SERVER                 a terminal on a server of the running daemon
  pinion configure                      fetch the configuration of a node from its Panel
  pinion diagnostics                    print a report about this node
  pinion version

  --config FILE                  configuration (default /etc/pterodactyl/config.yml)
  --standalone DIR               a standalone folder, also for console and diagnostics
  --debug                        log more
  --ignore-certificate-errors    talk to a Panel whose certificate cannot be verified
console:
  --once                         send what stands on the standard input, print the answer, leave
configure:
  -p, --panel-url URL   -t, --token KEY   -n, --node ID   -c, --config-path FILE   --override
  --allow-insecure               accept a Panel whose certificate cannot be verified
diagnostics:
  --log-lines N                  how much of the log (default 200)
)";
}

} // namespace pinion::core
