// Which tokens were denied, and when. Bounded: entries are forgotten after a day, and refused then by age alone.
#pragma once

#include "tokens/jwt.hpp"

#include <map>
#include <string>

namespace pinion::core {

class Denials {
public:
  // No Panel signs a token for longer. One that was issued longer ago counts as denied, so what is older may be
  // forgotten.
  static constexpr double kLongestLife = 24 * 3600;
  static constexpr std::size_t kMostEntries = 100'000;

  void denyId(const std::string &jti, double now) { note("jti " + jti, now); }
  // `server` empty: every server.
  void denyUser(const std::string &user, const std::string &server, double now) {
    note("user " + user + " " + server, now);
  }
  // Issued at or before the instant of a denial that fits. A token that does not say when it was issued is denied.
  [[nodiscard]] bool denies(const Claims &claims, double now) const;
  [[nodiscard]] std::size_t size() const { return denied_at_.size(); }

private:
  void note(std::string what, double now);
  [[nodiscard]] bool deniedSince(const std::string &what, double issued) const;

  std::map<std::string, double> denied_at_;
  double pruned_at_ = 0;
};

} // namespace pinion::core
