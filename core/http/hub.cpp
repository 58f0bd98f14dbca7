#include "http/hub.hpp"

#include "http/socket.hpp"

namespace pinion::core::http {

bool Hub::post(const std::function<void()> &work) {
  // A copy goes in: what a refused job holds must not be freed under the lock, since that may post again.
  return open_.with([&](bool open) { return open && loop_.post(work); });
}

void Hub::close() {
  open_.with([](bool &open) { open = false; });
}

void Hub::keep(std::shared_ptr<Endpoint> endpoint) {
  auto *key = endpoint.get();
  endpoints_.emplace(key, std::move(endpoint));
  if (ticking_) return;
  ticking_ = true;
  loop_.after(kDeadlineTick, [weak = weak_from_this()] {
    if (const auto hub = weak.lock()) hub->tick();
  });
}

void Hub::release(Endpoint *endpoint) { endpoints_.erase(endpoint); }

// Runs only while there are connections: an idle daemon is not woken.
void Hub::tick() {
  std::vector<std::shared_ptr<Endpoint>> all;
  all.reserve(endpoints_.size());
  for (const auto &[key, endpoint] : endpoints_) all.push_back(endpoint);
  const auto now = Clock::now();
  for (const auto &endpoint : all) endpoint->tick(now);
  ticking_ = false;
  if (endpoints_.empty()) return;
  ticking_ = true;
  loop_.after(kDeadlineTick, [weak = weak_from_this()] {
    if (const auto hub = weak.lock()) hub->tick();
  });
}

void Hub::stopGently() {
  std::vector<std::shared_ptr<Endpoint>> all;
  for (const auto &[key, endpoint] : endpoints_) all.push_back(endpoint);
  for (const auto &endpoint : all) endpoint->stopGently();
}

void Hub::dropAll() {
  std::vector<std::shared_ptr<Endpoint>> all;
  for (const auto &[key, endpoint] : endpoints_) all.push_back(endpoint);
  for (const auto &endpoint : all) endpoint->drop();
}

void Hub::addSocket(std::uint64_t id, std::shared_ptr<Socket> socket) {
  sockets_.with([&](auto &sockets) { sockets.emplace(id, std::move(socket)); });
}

void Hub::removeSocket(std::uint64_t id) {
  std::shared_ptr<Socket> last; // freed outside the lock
  sockets_.with([&](auto &sockets) {
    const auto found = sockets.find(id);
    if (found == sockets.end()) return;
    last = std::move(found->second);
    sockets.erase(found);
  });
}

std::shared_ptr<Socket> Hub::socket(std::uint64_t id) const {
  return sockets_.with([&](const auto &sockets) -> std::shared_ptr<Socket> {
    const auto found = sockets.find(id);
    return found == sockets.end() ? nullptr : found->second;
  });
}

std::vector<std::shared_ptr<Socket>> Hub::sockets(const std::uint64_t *ids, std::size_t count) const {
  std::vector<std::shared_ptr<Socket>> out;
  sockets_.with([&](const auto &sockets) {
    for (std::size_t i = 0; i < count; ++i)
      if (const auto found = sockets.find(ids[i]); found != sockets.end()) out.push_back(found->second);
  });
  return out;
}

void Hub::flushSoon(std::vector<std::shared_ptr<Socket>> sockets) {
  if (sockets.empty()) return;
  const bool first = soon_.with([&](auto &soon) {
    const bool was_empty = soon.empty();
    soon.insert(soon.end(), std::make_move_iterator(sockets.begin()), std::make_move_iterator(sockets.end()));
    return was_empty;
  });
  if (!first) return;
  open_.with([&](bool open) {
    if (open)
      loop_.after(kFlushTick, [weak = weak_from_this()] {
        if (const auto hub = weak.lock()) hub->flushAll();
      });
  });
}

void Hub::flushAll() {
  std::vector<std::shared_ptr<Socket>> due;
  soon_.with([&](auto &soon) { due.swap(soon); });
  for (const auto &socket : due) socket->flush();
}

} // namespace pinion::core::http
