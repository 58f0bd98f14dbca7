#include "shard.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sftp {

using pinion::Json;

namespace {

constexpr std::uint64_t wake_id = 0, listener_id = 1;
constexpr int events_a_turn = 64, callers_a_turn = 64;
constexpr std::chrono::seconds listen_again{5}, accept_again{1};

// As Wings offers them; see the README.
constexpr const char *key_exchanges = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
                                      "ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group14-sha256";
constexpr const char *ciphers = "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr";
constexpr const char *macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256";
constexpr const char *client_keys =
    "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,sk-ecdsa-sha2-nistp256@openssh.com,"
    "ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";

Error failed(const char *what) { return {PINION_E_IO, std::string(what) + ": " + std::strerror(errno), errno}; }

} // namespace

Shard::Shard(Service &service, int number) : service_(service), number_(number) {}

Shard::~Shard() { stop(); }

Result<void> Shard::prepare() {
  epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_ || !wake_) return failed("the SFTP server has no descriptor for its loop");
  bind_ = ssh_bind_new();
  if (bind_ == nullptr) return Error{PINION_E_INTERNAL, "libssh cannot be begun"};
  const bool no_files = false; // of the system's SSH configuration
  ssh_key key = nullptr;
  if (ssh_pki_import_privkey_base64(service_.host_key.c_str(), nullptr, nullptr, nullptr, &key) != SSH_OK)
    return Error{PINION_E_INVALID, "libssh cannot read the SFTP host key"};
  const auto option = [&](ssh_bind_options_e name, const void *value) {
    return ssh_bind_options_set(bind_, name, value) == 0;
  };
  const bool set = option(SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_files) && option(SSH_BIND_OPTIONS_IMPORT_KEY, key) &&
                   option(SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, "ssh-ed25519") &&
                   option(SSH_BIND_OPTIONS_KEY_EXCHANGE, key_exchanges) &&
                   option(SSH_BIND_OPTIONS_CIPHERS_C_S, ciphers) && option(SSH_BIND_OPTIONS_CIPHERS_S_C, ciphers) &&
                   option(SSH_BIND_OPTIONS_HMAC_C_S, macs) && option(SSH_BIND_OPTIONS_HMAC_S_C, macs) &&
                   option(SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, client_keys);
  if (!set) return Error{PINION_E_INTERNAL, std::string("libssh does not take the options: ") + ssh_get_error(bind_)};
  watch(wake_.get(), wake_id, EPOLLIN, true);
  return {};
}

Result<void> Shard::start() {
  if (auto prepared = prepare(); !prepared) return prepared;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error &e) {
    return Error{PINION_E_IO, std::string("no thread for the SFTP server: ") + e.what()};
  }
  return {};
}

void Shard::post(std::function<void()> function) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  inbox_.push_back(std::move(function));
  const std::uint64_t one = 1;
  if (inbox_.size() == 1 && wake_ && ::write(wake_.get(), &one, sizeof one) < 0) return; // it is awake already
}

void Shard::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
  }
  post([this] { running_ = false; });
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  inbox_.clear();
  if (bind_ != nullptr) ssh_bind_free(bind_);
  bind_ = nullptr;
}

void Shard::run() {
  const std::string name = "sftp-" + std::to_string(number_);
  ::pthread_setname_np(::pthread_self(), name.c_str());
  epoll_event events[events_a_turn];
  while (running_) {
    const int count = ::epoll_wait(epoll_.get(), events, events_a_turn, waitMs(Clock::now()));
    try {
      for (const std::uint64_t id : std::exchange(again_, {})) work(id);
      for (int i = 0; i < count; ++i) {
        const std::uint64_t id = events[i].data.u64;
        if (id == listener_id)
          acceptAll();
        else if (id != wake_id)
          work(id);
      }
      drain();
      if (const auto now = Clock::now(); now >= look_at_) look(now);
      if (Clock::now() >= listen_at_) tryListening();
    } catch (const std::exception &e) {
      service_.host.error(std::string("the SFTP server failed: ") + e.what());
    }
  }
  connections_.clear();
  count_ = 0;
}

int Shard::waitMs(Clock::time_point now) const {
  if (!again_.empty()) return 0;
  const auto next = std::min(look_at_, listen_at_);
  if (next == Clock::time_point::max()) return -1;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - now).count() + 1;
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Shard::drain() {
  std::uint64_t ignored = 0;
  std::vector<std::function<void()>> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(inbox_);
    if (!taken.empty() && ::read(wake_.get(), &ignored, sizeof ignored) < 0) ignored = 0; // nothing was written yet
  }
  for (auto &function : taken) {
    try {
      function();
    } catch (const std::exception &e) { // the others are others' concern
      service_.host.error(std::string("an SFTP connection failed: ") + e.what());
    }
  }
}

void Shard::watch(int fd, std::uint64_t id, std::uint32_t events, bool fresh) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.get(), fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Shard::listen(Taker taker) {
  taker_ = std::move(taker);
  tryListening();
}

void Shard::tryListening() {
  listen_at_ = Clock::time_point::max();
  if (listener_) return watch(listener_.get(), listener_id, EPOLLIN, false);
  const Settings &settings = service_.settings;
  auto made = listenAt(settings.bind_address, settings.bind_port);
  if (!made) {
    if (!std::exchange(told_of_listening_, true))
      service_.host.error(made.error().text + "; it is tried again every few seconds");
    listen_at_ = Clock::now() + listen_again;
    return;
  }
  listener_ = std::move(*made);
  watch(listener_.get(), listener_id, EPOLLIN, true);
  Json fields;
  fields["address"] = settings.bind_address;
  fields["port"] = settings.bind_port;
  service_.host.info("the SFTP server listens", fields);
}

void Shard::acceptAll() {
  for (int turn = 0; turn < callers_a_turn; ++turn) {
    auto caller = acceptFrom(listener_);
    if (!caller) {
      service_.host.error(caller.error().text);
      watch(listener_.get(), listener_id, 0, false); // whoever waits in the queue would wake us for ever
      listen_at_ = Clock::now() + accept_again;
      return;
    }
    if (!*caller) return;
    if (service_.doorman.enter((*caller)->address))
      taker_(std::move(**caller));
    else if (service_.doorman.tellOf((*caller)->address, Clock::now()))
      service_.host.warn("too many SFTP connections: one more is refused", Json{{"ip", (*caller)->full_address}});
  }
}

void Shard::take(Caller caller) {
  ++count_;
  auto shared = std::make_shared<Caller>(std::move(caller));
  post([this, shared] { add(std::move(*shared)); });
}

void Shard::add(Caller caller) {
  const std::uint64_t id = service_.next_connection++;
  const int fd = caller.fd.release();
  Held held;
  held.connection = std::make_unique<Connection>(
      service_, id, fd, std::move(caller.address), std::move(caller.full_address),
      [this](std::function<void()> function) { post(std::move(function)); },
      [this](std::uint64_t which) { again_.push_back(which); },
      [this](std::uint64_t which, std::uint64_t number, Verdict verdict) {
        post([this, which, number, verdict = std::move(verdict)] {
          const auto found = connections_.find(which);
          if (found != connections_.end()) found->second.connection->told(number, verdict);
        });
      });
  if (!held.connection->begin(bind_)) {
    --count_;
    return;
  }
  held.watched = held.connection->interest();
  try {
    watch(fd, id, held.watched, true);
  } catch (...) {
    --count_; // it is not kept
    throw;
  }
  look_at_ = std::min(look_at_, held.connection->look(Clock::now()));
  connections_.emplace(id, std::move(held));
}

void Shard::work(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Held &held = found->second;
  if (held.connection->work()) again_.push_back(id);
  if (!held.connection->over()) {
    if (const auto wanted = held.connection->interest(); wanted != held.watched) {
      watch(held.connection->fd(), id, wanted, false);
      held.watched = wanted;
    }
    if (const auto next = held.connection->nextLook(); next < look_at_) look_at_ = next;
    return;
  }
  connections_.erase(found); // the kernel takes a closed descriptor out of the set
  --count_;
}

void Shard::look(Clock::time_point now) {
  look_at_ = Clock::time_point::max();
  for (auto it = connections_.begin(); it != connections_.end();) {
    Connection &connection = *it->second.connection;
    const auto next = connection.look(now);
    if (connection.over()) {
      it = connections_.erase(it);
      --count_;
    } else {
      look_at_ = std::min(look_at_, next);
      ++it;
    }
  }
}

void Shard::end(const std::string &user, std::vector<std::string> servers, const char *why) {
  if (count_ == 0) return;
  post([this, user, servers = std::move(servers), why] {
    std::erase_if(connections_, [&](const auto &one) {
      if (!one.second.connection->isOf(user, servers)) return false;
      one.second.connection->end(why);
      --count_;
      return true;
    });
  });
}

} // namespace sftp
