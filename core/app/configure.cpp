#include "app/configure.hpp"

#include "base/fd.hpp"
#include "config/config.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

namespace pinion::core {

namespace {

constexpr int kPanelTimeoutSeconds = 30;
constexpr std::size_t kLongestAnswer = 1 << 20;

std::string ask(const char *question) {
  std::printf("%s: ", question);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer;
}

bool confirmed(const std::string &question) {
  const std::string answer = ask((question + " [y/N]").c_str());
  return answer == "y" || answer == "Y" || answer == "yes";
}

int refuse(const std::string &text) {
  std::fprintf(stderr, "pinion: %s\n", text.c_str());
  return 1;
}

// The body of the Panel's answer, or what went wrong in words.
Result<std::string> fetch(const CommandLine &line) try {
  const Poco::URI uri(line.panel_url);
  if (uri.getScheme() != "https" && uri.getScheme() != "http")
    return Error{Code::invalid,
                 "the Panel's address must begin with https:// or http://, not \"" + line.panel_url + "\""};
  std::unique_ptr<Poco::Net::HTTPClientSession> session;
  if (uri.getScheme() == "https") {
    const auto mode = line.allow_insecure ? Poco::Net::Context::VERIFY_NONE : Poco::Net::Context::VERIFY_RELAXED;
    const Poco::Net::Context::Ptr context(
        new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, "", mode, 9, true));
    session = std::make_unique<Poco::Net::HTTPSClientSession>(uri.getHost(), uri.getPort(), context);
  } else {
    session = std::make_unique<Poco::Net::HTTPClientSession>(uri.getHost(), uri.getPort());
  }
  session->setTimeout(Poco::Timespan(kPanelTimeoutSeconds, 0));
  Poco::Net::HTTPRequest request("GET", uri.getPath() + "/api/application/nodes/" + line.node + "/configuration",
                                 "HTTP/1.1");
  request.set("Authorization", "Bearer " + line.panel_token);
  request.set("Accept", "application/vnd.pterodactyl.v1+json");
  session->sendRequest(request);
  Poco::Net::HTTPResponse response;
  std::istream &body = session->receiveResponse(response);
  std::string text(kLongestAnswer, '\0');
  body.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(body.gcount()));
  const int status = response.getStatus();
  if (status == 401 || status == 403)
    return Error{Code::denied, "The authentication credentials provided were not valid."};
  if (status != 200)
    return Error{Code::io,
                 "An error occurred while processing this request.\n(HTTP/" + std::to_string(status) + ") " + text};
  return text;
} catch (const Poco::Exception &e) {
  return Error{Code::io, "the Panel at " + line.panel_url + " does not answer: " + e.displayText()};
}

// The Panel's JSON is YAML too, with the same names: it is loaded as a configuration and written back whole.
Result<void> write(const std::string &body, const std::string &path) {
  const std::string fresh = path + ".new";
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  {
    const UniqueFd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file || ::write(file.get(), body.data(), body.size()) != static_cast<ssize_t>(body.size()))
      return Error{Code::io, "cannot write " + fresh};
  }
  auto config = ConfigStore::load(fresh);
  Result<void> written = config ? (*config)->write() : Result<void>(config.error());
  if (written && ::rename(fresh.c_str(), path.c_str()) != 0) written = Error{Code::io, "cannot write " + path};
  if (!written) ::unlink(fresh.c_str());
  return written;
}

} // namespace

int runConfigure(const CommandLine &given) {
  CommandLine line = given;
  if (std::filesystem::exists(line.config_path) && !line.override_existing &&
      !confirmed("Override existing configuration file"))
    return refuse("Aborting process; a configuration file already exists for this node.");
  if (line.panel_url.empty()) line.panel_url = ask("Panel URL");
  if (line.panel_token.empty()) line.panel_token = ask("API token");
  if (line.node.empty()) line.node = ask("Node ID");
  while (line.panel_url.ends_with('/')) line.panel_url.pop_back();
  if (line.node.empty() ||
      !std::all_of(line.node.begin(), line.node.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return refuse("the node's ID must be a number, not \"" + line.node + "\"");
  const auto body = fetch(line);
  if (!body) return refuse(body.error().text);
  if (auto written = write(*body, line.config_path); !written) return refuse(written.error().text);
  std::printf("Successfully configured pinion: %s\n", line.config_path.c_str());
  return 0;
}

} // namespace pinion::core
