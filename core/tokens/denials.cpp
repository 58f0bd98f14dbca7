#include "tokens/denials.hpp"

namespace pinion::core {

void Denials::note(std::string what, double now) {
  changes_.push_back({what, now});
  set(std::move(what), now);
  forgetOld(now);
}

void Denials::restore(std::string what, double at, double now) {
  set(std::move(what), at);
  forgetOld(now);
}

void Denials::set(std::string what, double at) {
  const auto [entry, added] = denied_at_.try_emplace(std::move(what), at);
  if (!added) by_age_.erase({entry->second, entry->first});
  entry->second = at;
  by_age_.emplace(at, entry->first);
  if (denied_at_.size() <= kMostEntries) return;
  if (full_ == Full::no) full_ = Full::yes;
  forgetOldest();
}

void Denials::forgetOldest() {
  const auto entry = denied_at_.find(std::string(by_age_.begin()->second));
  by_age_.erase(by_age_.begin());
  changes_.push_back({entry->first, std::nullopt});
  denied_at_.erase(entry);
}

void Denials::forgetOld(double now) {
  while (!by_age_.empty() && by_age_.begin()->first < now - kLongestLife) forgetOldest();
}

bool Denials::deniedSince(const std::string &what, double issued) const {
  const auto found = denied_at_.find(what);
  return found != denied_at_.end() && issued <= found->second;
}

bool Denials::denies(const Claims &claims, double now) const {
  if (!claims.issued || *claims.issued < now - kLongestLife) return true;
  const double issued = *claims.issued;
  if (!claims.id.empty() && deniedSince("jti " + claims.id, issued)) return true;
  if (claims.user.empty()) return false;
  return deniedSince("user " + claims.user + " ", issued) ||
         (!claims.server.empty() && deniedSince("user " + claims.user + " " + claims.server, issued));
}

} // namespace pinion::core
