#include "tokens/tokens.hpp"

#include "base/guarded.hpp"
#include "log/log.hpp"
#include "tokens/denials.hpp"
#include "tokens/jwt.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <mutex>
#include <unordered_map>

namespace pinion::core {

namespace {

constexpr const char *kSpace = "tokens.used";
constexpr const char *kDenied = "tokens.denied"; // what was denied -> Unix seconds
constexpr std::size_t kPage = 1000;
constexpr std::int64_t kShortestMemory = 3600; // seconds; also for a token that ends sooner (contract http.md 7)
constexpr std::size_t kMostInMemory = 100'000;

double systemNow() {
  using namespace std::chrono;
  return duration<double>(system_clock::now().time_since_epoch()).count();
}

bool contains(const std::vector<std::string> &words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The Panel of the 1.11 line signs no scope; each kind of token then shows in its claims.
std::string_view purposeByShape(const Claims &claims) {
  if (claims.permissions) return "websocket";
  if (claims.has_file_path) return "file-download";
  if (claims.has_backup) return "backup-download";
  if (claims.has_subject && !claims.has_server) return "transfer";
  return claims.has_server ? "file-upload" : "";
}

bool mayConnect(const Claims &claims) {
  return claims.permissions &&
         (contains(*claims.permissions, "websocket.connect") || contains(*claims.permissions, "*"));
}

Error denied(const char *text) { return {Code::denied, text}; }

std::string textOf(double seconds) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), seconds).ptr;
  return {text.data(), end};
}

struct Used {
  std::unordered_map<std::string, std::int64_t> until;
  std::int64_t pruned_at = 0;
};

} // namespace

struct Tokens::Impl {
  double boot;
  Store *store;
  Now now;
  Guarded<std::shared_ptr<const std::string>> secret;
  Guarded<Denials> denials;
  Guarded<Used> used; // where there is no store
  std::mutex storing; // so that changes of the denials reach the store in their order; never taken by verify()

  void restoreDenials();
  void storeDenials();
  [[nodiscard]] std::shared_ptr<const std::string> key() const {
    return secret.with([](const auto &held) { return held; });
  }
};

Tokens::Tokens(std::string secret, double boot, Store *store, Now now) : impl_(std::make_unique<Impl>()) {
  impl_->boot = boot;
  impl_->store = store;
  impl_->now = now ? std::move(now) : Now(systemNow);
  setSecret(std::move(secret));
  impl_->restoreDenials();
}

Tokens::~Tokens() = default;

void Tokens::Impl::restoreDenials() {
  if (!store) return;
  std::string last;
  bool more = true;
  while (more) {
    std::vector<std::pair<std::string, double>> entries;
    const auto read = store->page(kDenied, "", last.empty() ? std::nullopt : std::optional<std::string_view>(last),
                                  kPage, [&](std::string_view what, std::string_view at) {
                                    // What cannot be read counts as denied just now: rather a new login than a hole.
                                    double seconds = now();
                                    std::from_chars(at.data(), at.data() + at.size(), seconds);
                                    entries.emplace_back(what, seconds);
                                  });
    if (!read) {
      log::error("the denied tokens of before the restart cannot be read; they are good until they end",
                 {{"error", read.error().text}});
      return;
    }
    more = !entries.empty();
    if (more) last = entries.back().first;
    denials.with([&](Denials &held) {
      for (auto &[what, at] : entries) held.restore(std::move(what), at, now());
    });
  }
  storeDenials(); // what was too old goes
}

void Tokens::Impl::storeDenials() {
  const std::lock_guard lock(storing);
  std::vector<Denials::Change> changes;
  bool full = false;
  denials.with([&](Denials &held) {
    changes = held.takeChanges();
    full = held.tellFull();
  });
  if (full)
    log::warn("too many tokens were denied; the oldest denials are forgotten",
              {{"kept", std::to_string(Denials::kMostEntries)}});
  if (!store) return;
  for (std::size_t begin = 0; begin < changes.size(); begin += kPage) {
    const std::size_t end = std::min(begin + kPage, changes.size());
    std::vector<std::string> instants; // the store's changes only look at them
    std::vector<Store::Change> block;
    instants.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      instants.push_back(changes[i].at ? textOf(*changes[i].at) : std::string());
      block.push_back({changes[i].what, instants.back()});
    }
    if (const auto done = store->apply(kDenied, block); !done)
      log::error("a denial of tokens could not be stored; it holds until the daemon restarts",
                 {{"error", done.error().text}});
  }
}

void Tokens::setSecret(std::string secret) {
  auto next = std::make_shared<const std::string>(std::move(secret));
  impl_->secret.with([&](auto &held) { held = std::move(next); });
}

bool Tokens::nodeTokenMatches(std::string_view given) const {
  const auto secret = impl_->key();
  if (secret->empty()) return false;
  // Digests are compared, so that neither the length nor a common prefix shows in the time it takes.
  std::array<unsigned char, SHA256_DIGEST_LENGTH> a{}, b{};
  SHA256(reinterpret_cast<const unsigned char *>(secret->data()), secret->size(), a.data());
  SHA256(reinterpret_cast<const unsigned char *>(given.data()), given.size(), b.data());
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<std::string> Tokens::verify(std::string_view jwt, std::string_view scope) const {
  auto claims = readToken(jwt, *impl_->key());
  if (!claims) return claims.error();
  const double now = impl_->now();
  const bool websocket = scope == "websocket";
  if (!claims->expires || std::floor(now) > *claims->expires) return denied("jwt: exp claim is invalid");
  if (claims->not_before && *claims->not_before > now) return denied("jwt: nbf claim is invalid");
  const bool before_boot = websocket && claims->issued && *claims->issued < impl_->boot;
  if (before_boot || impl_->denials.with([&](const Denials &denials) { return denials.denies(*claims, now); }))
    return denied("jwt: created too far in past (denylist)");
  const bool fits = claims->scopes ? contains(*claims->scopes, scope) : purposeByShape(*claims) == scope;
  if (websocket && (!fits || !mayConnect(*claims))) return denied("jwt: missing connect permission");
  if (!fits || scope.empty()) return denied("jwt: signed for another purpose");
  return std::move(claims->json);
}

Result<void> Tokens::useOnce(const std::string &id, std::int64_t expiry) {
  const auto now = static_cast<std::int64_t>(impl_->now());
  const std::int64_t until = std::max(expiry, now + kShortestMemory);
  Result<bool> first = true;
  if (impl_->store) {
    first = impl_->store->claim(kSpace, id, until, now);
  } else {
    first = impl_->used.with([&](Used &used) -> Result<bool> {
      if (now >= used.pruned_at + 60 || now < used.pruned_at) {
        std::erase_if(used.until, [&](const auto &entry) { return entry.second < now; });
        used.pruned_at = now;
      }
      const auto found = used.until.find(id);
      if (found != used.until.end() && found->second >= now) return false;
      if (used.until.size() >= kMostInMemory)
        return Error{Code::busy, "too many signed links are in use; try again in some minutes"};
      used.until[id] = until;
      return true;
    });
  }
  if (!first) return first.error();
  return *first ? Result<void>() : denied("jwt: used before");
}

void Tokens::denyIds(const std::vector<std::string> &jtis) {
  const double now = impl_->now();
  impl_->denials.with([&](Denials &denials) {
    for (const auto &jti : jtis) denials.denyId(jti, now);
  });
  impl_->storeDenials();
}

void Tokens::denyUser(const std::string &user, const std::vector<std::string> &servers) {
  const double now = impl_->now();
  impl_->denials.with([&](Denials &denials) {
    if (servers.empty()) denials.denyUser(user, "", now);
    for (const auto &server : servers) denials.denyUser(user, server, now);
  });
  impl_->storeDenials();
}

} // namespace pinion::core
