#include "docker/engine.hpp"

#include "base/guarded.hpp"
#include "docker/engine_session.hpp"

#include <Poco/Buffer.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/NetSSL.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <set>
#include <vector>

namespace pinion::core {

using Poco::Net::HTTPMessage;
using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

namespace {

constexpr std::size_t kIdleSessions = 4;
constexpr std::size_t kLongestAnswer = 64U << 20;
constexpr std::size_t kLongestLine = 256U << 10;
// The newest API whose answers this code has been written for, and the oldest one that has all that it asks for.
constexpr int kNewestMinor = 47, kOldestMinor = 24;

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool idempotent(const std::string &method) { return method == "GET" || method == "HEAD" || method == "DELETE"; }

// "1.41" -> 41
std::optional<int> minorOf(const std::string &version) {
  if (version.rfind("1.", 0) != 0 || version.size() > 5) return std::nullopt;
  int minor = 0;
  for (const char c : version.substr(2)) {
    if (c < '0' || c > '9') return std::nullopt;
    minor = minor * 10 + (c - '0');
  }
  return minor;
}

struct Ask {
  const std::string &method, &path, &body, &registry_auth;
  bool upgrade = false;
};

} // namespace

struct Engine::Impl {
  std::string text; // the address, as errors name it
  std::optional<EngineAddress> address;
  Error address_error;
  Poco::Net::Context::Ptr tls;

  struct State {
    bool stopping = false;
    std::set<int> busy; // descriptors that a call may be blocked on; none of them is closed while it is in here
    std::vector<std::unique_ptr<EngineSession>> idle;
    std::string version; // "/v1.41"; empty before negotiation
  };
  Guarded<State> state;

  // A session in use; gone from `busy` before it closes.
  class Lease {
  public:
    Lease(Impl &impl, std::unique_ptr<EngineSession> session) : impl_(impl), session_(std::move(session)) {
      const bool stopping = impl_.state.with([&](State &s) {
        s.busy.insert(session_->fd());
        return s.stopping;
      });
      if (stopping) ::shutdown(session_->fd(), SHUT_RDWR);
    }
    Lease(const Lease &) = delete;
    Lease &operator=(const Lease &) = delete;
    ~Lease() { drop(); }
    EngineSession &operator*() { return *session_; }
    EngineSession *operator->() { return session_.get(); }
    void keep() {
      impl_.state.with([&](State &s) {
        s.busy.erase(session_->fd());
        if (!s.stopping && s.idle.size() < kIdleSessions) s.idle.push_back(std::move(session_));
      });
      session_.reset();
    }
    void drop() {
      if (!session_) return;
      impl_.state.with([&](State &s) { s.busy.erase(session_->fd()); });
      session_.reset();
    }

  private:
    Impl &impl_;
    std::unique_ptr<EngineSession> session_;
  };

  [[nodiscard]] bool stopping() {
    return state.with([](State &s) { return s.stopping; });
  }
  [[nodiscard]] Error stopped() const {
    return {Code::stopping, "docker engine at " + text + ": the daemon is stopping"};
  }
  [[nodiscard]] Error failed(const Poco::Exception &problem) {
    if (stopping()) return stopped();
    const std::string words = problem.message().empty() ? problem.displayText() : problem.message();
    return {Code::io, "cannot reach the docker engine at " + text + " (" + words + "); is it running?"};
  }
  [[nodiscard]] Error late(const std::string &path) {
    if (stopping()) return stopped();
    return {Code::timeout,
            "docker engine at " + text + " did not answer " + path.substr(0, path.find('?')) + " in time"};
  }
  [[nodiscard]] Error cutOff(const std::string &path) const {
    return {Code::io, "docker engine at " + text + " cut off its answer to " + path.substr(0, path.find('?'))};
  }

  std::unique_ptr<EngineSession> takeIdle() {
    while (true) {
      auto session = state.with([](State &s) -> std::unique_ptr<EngineSession> {
        if (s.idle.empty()) return nullptr;
        auto last = std::move(s.idle.back());
        s.idle.pop_back();
        return last;
      });
      if (!session || session->fresh()) return session;
    }
  }

  void send(EngineSession &session, const Ask &ask, const std::string &version) {
    HTTPRequest request(ask.method, version + ask.path, HTTPMessage::HTTP_1_1);
    fill(request, ask);
    auto &out = session.http().sendRequest(request);
    if (!ask.body.empty()) out << ask.body;
    out.flush();
    if (const auto *problem = session.http().networkException()) problem->rethrow();
  }

  void fill(HTTPRequest &request, const Ask &ask) const {
    request.setHost(address->unix_socket ? "docker" : address->host + ":" + std::to_string(address->port));
    request.set("User-Agent", "pinion");
    if (!ask.registry_auth.empty()) request.set("X-Registry-Auth", ask.registry_auth);
    if (ask.upgrade) {
      request.set("Connection", "Upgrade");
      request.set("Upgrade", "tcp");
    }
    if (!ask.body.empty()) request.setContentType("application/json");
    if (ask.method != "GET" && ask.method != "HEAD")
      request.setContentLength64(static_cast<Poco::Int64>(ask.body.size()));
  }

  // Reads the body as it comes. False: the caller has heard enough.
  bool readBody(std::istream &in, const std::function<bool(std::string_view)> &on_bytes, std::int64_t &count) {
    auto *buffer = in.rdbuf();
    char piece[16384];
    while (buffer->sgetc() != std::char_traits<char>::eof()) {
      const auto ready = std::clamp<std::streamsize>(buffer->in_avail(), 1, sizeof piece);
      const auto n = buffer->sgetn(piece, ready);
      count += n;
      if (!on_bytes({piece, static_cast<std::size_t>(n)})) return false;
    }
    return true;
  }

  Result<int> exchange(const Ask &ask, const std::string &version, Moment deadline,
                       const std::function<bool(std::string_view)> &on_bytes, std::string *api_version) {
    for (bool again = false;; again = true) {
      if (stopping()) return stopped();
      bool reused = false, answered = false;
      try {
        std::unique_ptr<EngineSession> session;
        if (!again) session = takeIdle();
        reused = session != nullptr;
        if (!session) session = std::make_unique<EngineSession>(*address, tls, deadline);
        Lease lease(*this, std::move(session));
        lease->until(deadline);
        send(*lease, ask, version);
        HTTPResponse response;
        auto &in = lease->http().receiveResponse(response);
        answered = true;
        if (api_version != nullptr) *api_version = response.get("Api-Version", "");
        std::int64_t count = 0;
        if (!readBody(in, on_bytes, count)) return Error{Code::cancelled, "the request was given up"};
        const bool has_body = ask.method != "HEAD" && response.getStatus() != HTTPResponse::HTTP_NO_CONTENT &&
                              response.getStatus() != HTTPResponse::HTTP_NOT_MODIFIED;
        const bool keep = response.getKeepAlive() && lease->fresh();
        if (has_body && response.hasContentLength() && response.getContentLength64() != count) return cutOff(ask.path);
        // Poco does not tell a chunked body that was cut off from a whole one; an end that nobody announced does.
        if (has_body && response.getChunkedTransferEncoding() && response.getKeepAlive() && !lease->fresh())
          return cutOff(ask.path);
        if (keep) lease.keep();
        return static_cast<int>(response.getStatus());
      } catch (const Poco::TimeoutException &) {
        return late(ask.path);
      } catch (const Poco::Exception &problem) {
        if (reused && !answered && idempotent(ask.method) && !stopping()) continue;
        if (!answered) state.with([](State &s) { s.version.clear(); }); // another engine may answer next time
        return answered ? Result<int>(cutOff(ask.path)) : Result<int>(failed(problem));
      } catch (const std::exception &problem) {
        return Error{Code::io, "docker engine at " + text + ": " + problem.what()};
      }
    }
  }

  // The "/v1.NN" to put before paths: asked for once, and again after the engine went away.
  Result<std::string> version(Moment deadline) {
    if (!address) return address_error;
    std::string known = state.with([](State &s) { return s.version; });
    if (!known.empty()) return known;
    if (const auto wanted = minorOf(environment("DOCKER_API_VERSION"))) {
      known = "/v1." + std::to_string(*wanted);
    } else {
      static const std::string method = "HEAD", path = "/_ping", none;
      std::string offered;
      const auto status = exchange(
          {method, path, none, none}, "", deadline, [](auto) { return true; }, &offered);
      if (!status) return status.error();
      const int minor = minorOf(offered).value_or(kOldestMinor);
      if (minor < kOldestMinor)
        return Error{Code::unsupported, "docker engine at " + text + " speaks API " + offered + "; 1." +
                                            std::to_string(kOldestMinor) + " or newer is needed"};
      known = "/v1." + std::to_string(std::min(minor, kNewestMinor));
    }
    state.with([&](State &s) { s.version = known; });
    return known;
  }

  Result<int> ask(const Ask &ask, std::chrono::milliseconds time,
                  const std::function<bool(std::string_view)> &on_bytes) {
    const Moment deadline = std::chrono::steady_clock::now() + time;
    const auto prefix = version(deadline);
    if (!prefix) return prefix.error();
    return exchange(ask, *prefix, deadline, on_bytes, nullptr);
  }

  void loadTls() {
    const bool verify = !environment("DOCKER_TLS_VERIFY").empty();
    std::string folder = environment("DOCKER_CERT_PATH");
    if (address->unix_socket || (!verify && folder.empty() && text.rfind("https://", 0) != 0)) return;
    Poco::Net::initializeSSL();
    Poco::Net::Context::Params parameters;
    if (!folder.empty()) {
      if (folder.back() != '/') folder.push_back('/');
      parameters.caLocation = folder + "ca.pem";
      parameters.certificateFile = folder + "cert.pem";
      parameters.privateKeyFile = folder + "key.pem";
    }
    parameters.verificationMode = verify ? Poco::Net::Context::VERIFY_STRICT : Poco::Net::Context::VERIFY_NONE;
    parameters.loadDefaultCAs = folder.empty();
    tls = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, parameters);
  }
};

std::string Engine::addressFromEnvironment() {
  const std::string given = environment("DOCKER_HOST");
  return given.empty() ? "unix:///var/run/docker.sock" : given;
}

Engine::Engine(const std::string &address) : impl_(std::make_shared<Impl>()) {
  impl_->text = address;
  auto parsed = parseEngineAddress(address);
  if (!parsed) {
    impl_->address_error = parsed.error();
    return;
  }
  impl_->address = *parsed;
  try {
    impl_->loadTls();
  } catch (const Poco::Exception &problem) {
    impl_->address.reset();
    impl_->address_error = {Code::invalid, "cannot load the TLS files of DOCKER_CERT_PATH: " + problem.displayText()};
  }
}

Engine::~Engine() { stop(); }

const std::string &Engine::address() const { return impl_->text; }

void Engine::stop() {
  std::vector<std::unique_ptr<EngineSession>> idle;
  impl_->state.with([&](Impl::State &s) {
    s.stopping = true;
    idle.swap(s.idle);
    for (const int fd : s.busy) ::shutdown(fd, SHUT_RDWR);
  });
}

Result<EngineAnswer> Engine::request(const std::string &method, const std::string &path, const std::string &body,
                                     std::chrono::milliseconds deadline, const std::string &registry_auth) {
  EngineAnswer answer;
  bool too_long = false;
  const auto status = impl_->ask({method, path, body, registry_auth}, deadline, [&](std::string_view bytes) {
    too_long = answer.body.size() + bytes.size() > kLongestAnswer;
    if (!too_long) answer.body.append(bytes);
    return !too_long;
  });
  if (too_long) return Error{Code::io, "docker engine at " + impl_->text + ": the answer is longer than 64 MiB"};
  if (!status) return status.error();
  answer.status = *status;
  return answer;
}

Result<int> Engine::download(const std::string &path, std::chrono::milliseconds deadline,
                             const std::function<bool(std::string_view)> &on_bytes) {
  static const std::string method = "GET", none;
  return impl_->ask({method, path, none, none}, deadline, on_bytes);
}

Result<int> Engine::stream(const std::string &method, const std::string &path, std::chrono::milliseconds deadline,
                           const std::function<bool(std::string_view)> &on_line, const std::string &registry_auth) {
  std::string rest; // of a line whose end has not come yet
  static const std::string none;
  const auto status = impl_->ask({method, path, none, registry_auth}, deadline, [&](std::string_view bytes) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      rest.append(bytes.substr(0, end));
      if (end == std::string_view::npos && rest.size() < kLongestLine) return true;
      if (!rest.empty() && rest.back() == '\r') rest.pop_back();
      if (!rest.empty() && !on_line(rest)) return false;
      rest.clear();
      bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    }
    return true;
  });
  if (status && !rest.empty() && !on_line(rest)) return Error{Code::cancelled, "the request was given up"};
  return status;
}

namespace {

// Takes the connection from the session as a descriptor of our own.
UniqueFd detach(EngineSession &session) {
  UniqueFd own(::fcntl(session.fd(), F_DUPFD_CLOEXEC, 0));
  if (own) ::fcntl(own.get(), F_SETFL, ::fcntl(own.get(), F_GETFL) | O_NONBLOCK);
  return own;
}

} // namespace

Result<Engine::Hijacked> Engine::hijack(const std::string &method, const std::string &path, bool upgrade,
                                        std::chrono::milliseconds time) {
  const Moment deadline = std::chrono::steady_clock::now() + time;
  const auto version = impl_->version(deadline);
  if (!version) return version.error();
  if (impl_->tls)
    return Error{Code::unsupported, "console streams over TLS are not supported: use the engine's unix socket"};
  static const std::string none;
  const Ask ask{method, path, none, none, upgrade};
  try {
    Impl::Lease lease(*impl_, std::make_unique<EngineSession>(*impl_->address, impl_->tls, deadline));
    HTTPRequest request(method, *version + path, upgrade ? HTTPMessage::HTTP_1_1 : HTTPMessage::HTTP_1_0);
    impl_->fill(request, ask);
    auto &http = lease->http();
    http.sendRequest(request).flush();
    HTTPResponse response;
    auto &in = http.receiveResponse(response);
    Hijacked out;
    out.status = static_cast<int>(response.getStatus());
    if (out.status == HTTPResponse::HTTP_SWITCHING_PROTOCOLS || out.status == HTTPResponse::HTTP_OK) {
      Poco::Buffer<char> head(0);
      http.drainBuffer(head); // bytes that came together with the head: without this the first lines are lost
      out.prefix.assign(head.begin(), head.size());
      out.fd = detach(*lease);
      if (!out.fd) return Error{Code::io, "no descriptor is left for a stream of the docker engine"};
      return out;
    }
    std::int64_t count = 0;
    impl_->readBody(
        in, [&](std::string_view bytes) { return out.prefix.append(bytes).size() < kLongestLine; }, count);
    return out;
  } catch (const Poco::TimeoutException &) {
    return impl_->late(path);
  } catch (const Poco::Exception &problem) {
    return impl_->failed(problem);
  } catch (const std::exception &problem) {
    return Error{Code::io, "docker engine at " + impl_->text + ": " + problem.what()};
  }
}

Result<UniqueFd> Engine::open(const std::string &method, const std::string &path, std::chrono::milliseconds time,
                              const std::string &registry_auth) {
  const Moment deadline = std::chrono::steady_clock::now() + time;
  const auto version = impl_->version(deadline);
  if (!version) return version.error();
  if (impl_->tls) return Error{Code::unsupported, "streams over TLS are not supported: use the engine's unix socket"};
  static const std::string none;
  try {
    Impl::Lease lease(*impl_, std::make_unique<EngineSession>(*impl_->address, impl_->tls, deadline));
    HTTPRequest request(method, *version + path, HTTPMessage::HTTP_1_0);
    impl_->fill(request, {method, path, none, registry_auth});
    lease->http().sendRequest(request).flush();
    UniqueFd fd = detach(*lease);
    if (!fd) return Error{Code::io, "no descriptor is left for a stream of the docker engine"};
    return fd;
  } catch (const Poco::TimeoutException &) {
    return impl_->late(path);
  } catch (const Poco::Exception &problem) {
    return impl_->failed(problem);
  } catch (const std::exception &problem) {
    return Error{Code::io, "docker engine at " + impl_->text + ": " + problem.what()};
  }
}

} // namespace pinion::core
