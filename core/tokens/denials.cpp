#include "tokens/denials.hpp"

#include <algorithm>

namespace pinion::core {

namespace {
constexpr double kPruneEvery = 60;
}

void Denials::note(std::string what, double now) {
  if (now >= pruned_at_ + kPruneEvery || now < pruned_at_) {
    std::erase_if(denied_at_, [&](const auto &entry) { return entry.second < now - kLongestLife; });
    pruned_at_ = now;
  }
  if (denied_at_.size() >= kMostEntries && !denied_at_.contains(what)) {
    const auto oldest = std::min_element(denied_at_.begin(), denied_at_.end(),
                                         [](const auto &a, const auto &b) { return a.second < b.second; });
    denied_at_.erase(oldest);
  }
  denied_at_[std::move(what)] = now;
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
