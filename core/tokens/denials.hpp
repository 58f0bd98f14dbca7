// Which tokens were denied, and when. Bounded: entries are forgotten after a day, and refused then by age alone.
#pragma once

#include "tokens/jwt.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinion::core {

class Denials {
public:
  // No Panel signs a token for longer. One that was issued longer ago counts as denied, so what is older may be
  // forgotten.
  static constexpr double kLongestLife = 24 * 3600;
  static constexpr std::size_t kMostEntries = 100'000;

  // What is to be changed where the denials are kept over restarts. No instant: the entry goes.
  struct Change {
    std::string what;
    std::optional<double> at;
  };

  Denials() = default;
  Denials(const Denials &) = delete; // by_age_ points into denied_at_
  Denials &operator=(const Denials &) = delete;

  void denyId(const std::string &jti, double now) { note("jti " + jti, now); }
  // `server` empty: every server.
  void denyUser(const std::string &user, const std::string &server, double now) {
    note("user " + user + " " + server, now);
  }
  // Takes back what a Change said before a restart. It makes a change itself only where it forgets something.
  void restore(std::string what, double at, double now);
  // Issued at or before the instant of a denial that fits. A token that does not say when it was issued is denied.
  [[nodiscard]] bool denies(const Claims &claims, double now) const;
  [[nodiscard]] std::size_t size() const { return denied_at_.size(); }
  // The changes since the last call, in their order.
  [[nodiscard]] std::vector<Change> takeChanges() { return std::exchange(changes_, {}); }
  // True once, after the first time that the oldest was dropped for the number of entries.
  [[nodiscard]] bool tellFull() { return std::exchange(full_, full_ == Full::no ? Full::no : Full::told) == Full::yes; }

private:
  enum class Full { no, yes, told };
  void note(std::string what, double now);
  void set(std::string what, double at);
  void forgetOldest();
  void forgetOld(double now);
  [[nodiscard]] bool deniedSince(const std::string &what, double issued) const;

  std::map<std::string, double> denied_at_;
  std::set<std::pair<double, std::string_view>> by_age_;
  std::vector<Change> changes_;
  Full full_ = Full::no;
};

} // namespace pinion::core
