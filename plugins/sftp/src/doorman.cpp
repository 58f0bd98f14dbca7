#include "doorman.hpp"

namespace sftp {

namespace {

constexpr std::size_t told_bound = 1024; // addresses of the last minute
constexpr std::chrono::minutes told_for{1};

} // namespace

bool Doorman::enter(const std::string &address) {
  const std::lock_guard lock(mutex_);
  const auto known = addresses_.find(address);
  const Counts of_address = known == addresses_.end() ? Counts{} : known->second;
  if (total_.all >= settings_.max_connections || total_.logging_in >= settings_.max_logging_in ||
      of_address.all >= settings_.max_per_address || of_address.logging_in >= settings_.max_logging_in_per_address)
    return false;
  Counts &counts = addresses_[address];
  ++counts.all, ++counts.logging_in, ++total_.all, ++total_.logging_in;
  return true;
}

bool Doorman::login(const std::string &address, const std::string &user) {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(user);
  if (found != users_.end() && found->second >= settings_.max_per_user) return false;
  ++users_[user];
  --addresses_[address].logging_in;
  --total_.logging_in;
  return true;
}

void Doorman::leave(const std::string &address, const std::string &user) {
  const std::lock_guard lock(mutex_);
  const auto counts = addresses_.find(address);
  if (counts == addresses_.end()) return;
  --counts->second.all, --total_.all;
  if (user.empty()) {
    --counts->second.logging_in, --total_.logging_in;
  } else if (const auto found = users_.find(user); found != users_.end() && --found->second == 0) {
    users_.erase(found);
  }
  if (counts->second.all == 0) addresses_.erase(counts);
}

std::size_t Doorman::inside() const {
  const std::lock_guard lock(mutex_);
  return total_.all;
}

bool Doorman::tellOf(const std::string &address, std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(told_, [&](const auto &one) { return now - one.second >= told_for; });
  if (told_.size() >= told_bound) return false;
  return told_.emplace(address, now).second;
}

} // namespace sftp
