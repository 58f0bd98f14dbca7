#include "http/front.hpp"

#include "http/acceptor.hpp"
#include "http/front_core.hpp"
#include "http/socket.hpp"
#include "log/log.hpp"

#include <csignal>
#include <future>

namespace pinion::core {

using namespace http;

namespace {

constexpr std::chrono::seconds kLoopAnswer{5};   // a loop that does not run posted work for so long is stuck
constexpr std::chrono::seconds kSocketsLeave{1}; // for peers to answer the close frame when the daemon stops

} // namespace

struct Front::Impl {
  std::shared_ptr<FrontCore> core;
  std::shared_ptr<Acceptor> acceptor;
  std::atomic<std::uint64_t> last_route = 0;
  Guarded<bool> stopped{false};

  // Runs `work` on every hub's loop and waits for it. Loops that have stopped run nothing any more.
  void onEveryLoop(const std::function<void(Hub &)> &work) const {
    std::vector<std::future<void>> done;
    for (const auto &hub : core->hubs) {
      if (hub->inLoop()) {
        work(*hub);
        continue;
      }
      const auto ran = std::make_shared<std::promise<void>>();
      done.push_back(ran->get_future());
      if (!hub->post([hub, work, ran] {
            work(*hub);
            ran->set_value();
          }))
        done.pop_back();
    }
    for (const auto &each : done)
      if (each.wait_for(kLoopAnswer) != std::future_status::ready)
        log::error("an io loop does not answer while stopping");
  }

  // Null when there is none.
  [[nodiscard]] std::shared_ptr<RouteEntry> withoutRoute(std::uint64_t id) const {
    std::shared_ptr<RouteEntry> gone;
    core->router.with([&](std::shared_ptr<const Router> &router) {
      for (const auto &entry : router->entries())
        if (entry->id == id) gone = entry;
      if (gone) router = router->without(id);
    });
    return gone;
  }

  [[nodiscard]] bool onSomeLoop() const {
    for (const auto &hub : core->hubs)
      if (hub->inLoop()) return true;
    return false;
  }
};

Front::Front(LoopGroup &loops, Pool &workers, Pool &long_workers, FrontOptions options, FrontHooks hooks)
    : impl_(std::make_shared<Impl>()) {
  impl_->core = std::make_shared<FrontCore>(workers, long_workers, std::move(options), std::move(hooks));
  for (std::size_t i = 0; i < loops.size(); ++i) impl_->core->hubs.push_back(std::make_shared<Hub>(loops.at(i), i));
  impl_->acceptor = std::make_shared<Acceptor>(impl_->core);
  impl_->core->connections.onRelease([weak = std::weak_ptr<Acceptor>(impl_->acceptor)] {
    if (const auto acceptor = weak.lock()) acceptor->resume();
  });
}

Front::~Front() { stop(std::chrono::milliseconds(0)); }

Result<std::uint64_t> Front::addRoute(Route route) {
  const auto id = ++impl_->last_route;
  auto entry = std::make_shared<RouteEntry>(id, std::move(route));
  return impl_->core->router.with([&](std::shared_ptr<const Router> &router) -> Result<std::uint64_t> {
    auto next = router->copy();
    if (auto added = next->add(std::move(entry)); !added) return added.error();
    router = std::move(next);
    return id;
  });
}

void Front::removeRoute(std::uint64_t id) {
  if (const auto gone = impl_->withoutRoute(id)) gone->close();
}

void Front::abandonRoute(std::uint64_t id) {
  if (const auto gone = impl_->withoutRoute(id)) gone->refuse();
}

Result<void> Front::listen() {
  auto &core = *impl_->core;
  if (core.options.tls) {
    // OpenSSL writes without MSG_NOSIGNAL: a client that goes must not end the daemon.
    struct sigaction current {};
    if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
    if (auto loaded = reloadCertificate(); !loaded) return loaded;
  }
  return impl_->acceptor->listen(core.options.host, core.options.port);
}

int Front::port() const { return impl_->acceptor->port(); }

Result<void> Front::reloadCertificate() {
  auto &core = *impl_->core;
  if (!core.options.tls) return {};
  auto loaded = loadTlsContext(core.options.certificate, core.options.key);
  if (!loaded) return loaded.error();
  core.tls.with([&](TlsContext &context) { context.swap(*loaded); });
  return {};
}

Code Front::frame(std::uint64_t id, std::uint32_t opcode, std::string_view message) {
  if (opcode != kTextFrame && opcode != kBinaryFrame) return Code::invalid;
  const auto *hub = impl_->core->hubOf(id);
  const auto socket = hub == nullptr ? nullptr : hub->socket(id);
  if (!socket) return Code::notFound;
  return socket->send(std::make_shared<Frame>(static_cast<std::uint8_t>(opcode), message));
}

void Front::broadcast(const std::uint64_t *ids, std::size_t count, std::uint32_t opcode, bool droppable,
                      std::string_view message) {
  if (count == 0 || (opcode != kTextFrame && opcode != kBinaryFrame)) return;
  const auto frame = std::make_shared<Frame>(static_cast<std::uint8_t>(opcode), message);
  const auto drop = droppable ? Socket::Droppable::yes : Socket::Droppable::no;
  for (const auto &hub : impl_->core->hubs) {
    std::vector<std::shared_ptr<Socket>> waiting;
    for (auto &socket : hub->sockets(ids, count)) {
      bool wake = false;
      // One that has no room for what must not be lost would from then on show something untrue: it has to come anew.
      if (socket->queue(frame, drop, wake) == Socket::Queued::full) (void)socket->close(0, "");
      if (wake) waiting.push_back(std::move(socket));
    }
    hub->flushSoon(std::move(waiting));
  }
}

Code Front::closeSocket(std::uint64_t id, std::uint16_t code, std::string_view reason) {
  const auto *hub = impl_->core->hubOf(id);
  const auto socket = hub == nullptr ? nullptr : hub->socket(id);
  if (!socket) return Code::notFound;
  return socket->close(code, reason);
}

void Front::stop(std::chrono::milliseconds grace) {
  if (impl_->stopped.with([](bool &stopped) { return std::exchange(stopped, true); })) return;
  auto &core = *impl_->core;
  core.stopping = true;
  const auto began = Clock::now();
  impl_->onEveryLoop([acceptor = impl_->acceptor, first = core.hubs.front().get()](Hub &hub) {
    if (&hub == first) acceptor->stop();
    hub.stopGently();
  });
  if (!impl_->onSomeLoop()) {
    (void)core.requests.waitForNone(began + grace);
    (void)core.sockets.waitForNone(began + std::min<std::chrono::milliseconds>(grace, kSocketsLeave));
  }
  impl_->onEveryLoop([](Hub &hub) {
    hub.dropAll();
    hub.close();
  });
  core.files.stop();
  for (const auto &hub : core.hubs) hub->close();
}

} // namespace pinion::core
