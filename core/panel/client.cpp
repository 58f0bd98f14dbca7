#include "panel/client.hpp"

#include "base/guarded.hpp"
#include "log/log.hpp"
#include "panel/exchange.hpp"
#include "panel/list_page.hpp"
#include "servers/json_cursor.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <optional>
#include <random>
#include <system_error>
#include <thread>

namespace pinion::core {

namespace {

using namespace panel;

constexpr std::size_t kLargestAnswer = 64 * 1024 * 1024;
constexpr std::size_t kLongestDetail = 1000;
constexpr std::int64_t kMostPages = 1'000'000;
constexpr std::size_t kParallelPages = 8;
constexpr std::chrono::seconds kTimeoutWithoutLimit{300}; // for a timeout of 0: even then a call ends

bool isHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

// A header of the configuration may not replace what identifies the node, nor what frames the request.
bool isOurs(const std::string &name) {
  for (const char *ours : {"Authorization", "User-Agent", "Accept", "Content-Type", "Host", "Content-Length",
                           "Transfer-Encoding", "Connection"})
    if (sameKey(name, ours)) return true;
  return false;
}

std::vector<std::pair<std::string, std::string>> acceptable(const std::map<std::string, std::string> &given) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto &[name, value] : given) {
    if (isOurs(name)) continue;
    const bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
    if (token && isHeaderText(value))
      out.emplace_back(name, value);
    else
      log::warn("a header of remote_query.custom_headers is left out: it is no proper header", {{"header", name}});
  }
  return out;
}

std::string withoutSlash(std::string url) {
  if (url.ends_with("/")) url.pop_back();
  return url;
}

Code codeOf(int status) {
  if (status == 401 || status == 403) return Code::denied;
  if (status == 404) return Code::notFound;
  return status >= 400 && status < 500 ? Code::invalid : Code::io;
}

// The first element of {"errors":[{"code","status","detail"}]}.
Error panelError(const Answer &answer) {
  std::string code = "_MissingResponseCode", status = std::to_string(answer.status);
  std::string detail = "No error response returned from API endpoint.";
  std::string given_code, given_status, given_detail;
  bool found = false;
  JsonCursor cursor(answer.body);
  cursor.object([&](std::string_view key) {
    if (!sameKey(key, "errors")) return;
    cursor.array([&] {
      if (found) return;
      found = true;
      cursor.object([&](std::string_view name) {
        if (sameKey(name, "code")) cursor.read(given_code);
        if (sameKey(name, "status")) cursor.read(given_status);
        if (sameKey(name, "detail")) cursor.read(given_detail);
      });
    });
  });
  if (found && !cursor.failed()) {
    code = std::move(given_code);
    detail = std::move(given_detail);
    if (!given_status.empty()) status = std::move(given_status);
  }
  if (detail.size() > kLongestDetail) detail.resize(kLongestDetail);
  return {codeOf(answer.status), "Error response from Panel: " + code + ": " + detail + " (HTTP/" + status + ")"};
}

std::chrono::milliseconds jittered(std::chrono::milliseconds wait, double jitter) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_real_distribution<double> spread(1 - jitter, 1 + jitter);
  return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(wait.count()) * spread(random)));
}

// A path that a plugin gives must stay below /api/remote.
bool isProperPath(const std::string &path) {
  const auto bad = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#' || c == '\\'; };
  if (!path.starts_with("/") || std::any_of(path.begin(), path.end(), bad)) return false;
  const std::string_view names = std::string_view(path).substr(0, path.find('?'));
  for (const char *part : {"..", "//", "%2e", "%2E"})
    if (names.find(part) != std::string_view::npos) return false;
  return true;
}

} // namespace

struct PanelClient::Impl {
  std::optional<Error> no_address; // `remote` is none
  std::string base;                // ".../api/remote"
  std::string version;
  std::chrono::milliseconds timeout;
  int servers_per_page;
  SettingsDefaults defaults;
  PanelBackOff back_off;
  std::vector<std::pair<std::string, std::string>> custom_headers;
  StopSignal stop;
  Exchanger exchanger;
  struct Credentials {
    std::string id, token;
  };
  Guarded<Credentials> credentials;

  Impl(const Config &config, std::string version_given, bool verify, PanelBackOff waits)
      : base(withoutSlash(config.remote) + "/api/remote"), version(std::move(version_given)),
        timeout(config.remote_timeout > 0 ? std::chrono::seconds(config.remote_timeout) : kTimeoutWithoutLimit),
        servers_per_page(config.boot_servers_per_page), defaults{config.system.crash_detection_enabled},
        back_off(waits), custom_headers(acceptable(config.custom_headers)), exchanger(verify, kLargestAnswer, stop),
        credentials(Credentials{config.token_id, config.token}) {
    if (const auto address = Address::parse(config.remote); !address)
      no_address = Error{Code::invalid, "the Panel cannot be reached: remote: " + address.error().text};
  }

  [[nodiscard]] Request request(const std::string &method, const std::string &path, const std::string &body) const {
    const auto now = credentials.with([](const Credentials &held) { return held; });
    Request request{method, base + path, body, custom_headers};
    // Panels, and firewalls before them, know the daemon by this name.
    request.headers.emplace_back("User-Agent", "Pterodactyl Wings/v" + version + " (id:" + now.id + ")");
    request.headers.emplace_back("Accept", "application/vnd.pterodactyl.v1+json");
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Authorization", "Bearer " + now.id + "." + now.token);
    return request;
  }

  // One attempt. Code::io: worth another.
  Result<std::string> attempt(const std::string &method, const std::string &path, const std::string &body) {
    if (no_address) return *no_address;
    log::debug("making request to external HTTP endpoint", {{"endpoint", base + path}, {"method", method}});
    auto answer = exchanger.run(request(method, path, body), std::chrono::steady_clock::now() + timeout);
    if (!answer) {
      Error error = answer.error();
      if (error.code != Code::stopping) error.text = "the Panel cannot be reached: " + error.text;
      return error;
    }
    if (answer->status < 200 || answer->status > 299) return panelError(*answer);
    return std::move(answer->body);
  }

  Result<std::string> run(const std::string &method, const std::string &path, const std::string &body) {
    const auto begin = std::chrono::steady_clock::now();
    for (auto wait = back_off.first;;) {
      auto answer = attempt(method, path, body);
      if (answer || answer.error().code != Code::io) return answer;
      const auto delay = jittered(wait, back_off.jitter);
      if (std::chrono::steady_clock::now() - begin + delay > back_off.total) return answer;
      log::debug(
          "the Panel is asked again",
          {{"endpoint", base + path}, {"error", answer.error().text}, {"wait_ms", std::to_string(delay.count())}});
      if (!stop.sleep(delay)) return Error{Code::stopping, "the daemon is stopping"};
      wait = std::min(back_off.longest, std::chrono::milliseconds(static_cast<std::int64_t>(
                                            static_cast<double>(wait.count()) * back_off.factor)));
    }
  }

  struct Page {
    PageNumbers numbers;
    std::vector<DefinitionPtr> definitions;
  };
  Result<Page> page(std::int64_t number) {
    const auto body =
        run("GET", "/servers?page=" + std::to_string(number) + "&per_page=" + std::to_string(servers_per_page), "");
    if (!body) return body.error();
    Page page;
    auto numbers = readListPage(*body, [&](const std::string &entry) {
      auto definition = parseDefinition(entry, defaults);
      if (definition)
        page.definitions.push_back(std::move(*definition));
      else
        log::error("a server of the Panel's list cannot be read and is left out",
                   {{"server", entryUuid(entry)}, {"error", definition.error().text}});
    });
    if (!numbers) return numbers.error();
    page.numbers = *numbers;
    return page;
  }
};

PanelClient::PanelClient(const Config &config, std::string version, bool verify_certificates, PanelBackOff back_off)
    : impl_(std::make_unique<Impl>(config, std::move(version), verify_certificates, back_off)) {}

PanelClient::~PanelClient() { stop(); }

Result<std::vector<DefinitionPtr>> PanelClient::servers() {
  auto first = impl_->page(0);
  if (!first) return first.error();
  const PageNumbers numbers = first->numbers;
  if (numbers.last > kMostPages)
    return Error{Code::invalid, "the Panel's list of servers cannot be read: it has too many pages"};

  struct Outcome {
    std::vector<DefinitionPtr> definitions;
    std::optional<Error> error;
  };
  Guarded<Outcome> outcome(Outcome{std::move(first->definitions), std::nullopt});
  std::atomic<std::int64_t> next = numbers.current + 1;
  std::atomic<bool> failed = false;
  const auto fetch = [&] {
    for (std::int64_t number = next++; number <= numbers.last && !failed; number = next++) {
      auto page = impl_->page(number);
      outcome.with([&](Outcome &all) {
        if (page) {
          std::move(page->definitions.begin(), page->definitions.end(), std::back_inserter(all.definitions));
        } else if (!failed.exchange(true)) {
          all.error = page.error();
        }
      });
    }
  };
  const auto pages = static_cast<std::size_t>(std::max<std::int64_t>(numbers.last - numbers.current, 0));
  std::vector<std::thread> others; // joined below; this thread fetches too
  try {
    for (std::size_t i = 1; i < std::min(pages, kParallelPages); ++i) others.emplace_back(fetch);
  } catch (const std::system_error &) {
    log::warn("no further thread for the Panel's list of servers; it takes longer");
  }
  fetch();
  for (auto &thread : others) thread.join(); // bounded by the deadlines of their requests
  return outcome.with([](Outcome &all) -> Result<std::vector<DefinitionPtr>> {
    if (all.error) return std::move(*all.error);
    return std::move(all.definitions);
  });
}

Result<DefinitionPtr> PanelClient::server(const ServerId &id) {
  const auto body = impl_->run("GET", "/servers/" + id.text(), "");
  if (!body) return body.error();
  return parseDefinition(*body, impl_->defaults);
}

Result<std::string> PanelClient::call(const std::string &method, const std::string &path, const std::string &body) {
  static constexpr std::string_view methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  if (std::find(std::begin(methods), std::end(methods), method) == std::end(methods))
    return Error{Code::invalid, "the Panel cannot be asked with the method \"" + method + "\""};
  if (!isProperPath(path))
    return Error{Code::invalid,
                 "\"" + path + "\" is no path of the Panel's remote API: it must begin with \"/\" and be encoded"};
  return impl_->run(method, path, body.empty() && method == "POST" ? "null" : body);
}

void PanelClient::setCredentials(const std::string &token_id, const std::string &token) {
  impl_->credentials.with([&](Impl::Credentials &held) { held = {token_id, token}; });
}

void PanelClient::stop() { impl_->stop.raise(); }

} // namespace pinion::core
