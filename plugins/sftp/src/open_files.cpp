#include "open_files.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace sftp {

OpenFiles::Place::Place(Place &&other) noexcept
    : of_(std::exchange(other.of_, nullptr)), user_(std::move(other.user_)) {}

OpenFiles::Place::~Place() {
  if (of_ != nullptr) of_->leave(user_);
}

OpenFiles::OpenFiles(std::size_t least) : most_(least), most_of_user_(least) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  most_ = std::max<std::size_t>(least, limit.rlim_cur / 4);
  most_of_user_ = std::max<std::size_t>(least, most_ / 4);
}

std::optional<OpenFiles::Place> OpenFiles::take(const std::string &user) {
  const std::lock_guard lock(mutex_);
  const auto known = users_.find(user);
  if (open_ >= most_ || (known != users_.end() && known->second >= most_of_user_)) return std::nullopt;
  ++users_[user];
  ++open_;
  return Place(*this, user);
}

void OpenFiles::leave(const std::string &user) {
  const std::lock_guard lock(mutex_);
  --open_;
  if (const auto found = users_.find(user); --found->second == 0) users_.erase(found);
}

} // namespace sftp
