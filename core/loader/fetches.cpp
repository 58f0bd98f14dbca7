#include "loader/fetches.hpp"

#include <algorithm>

namespace pinion::core {

Fetches &Fetches::all() {
  static Fetches table;
  return table;
}

Result<std::uint64_t> Fetches::add(Host &owner, FetchingPtr fetching) {
  return open_.with([&](auto &open) -> Result<std::uint64_t> {
    // Looked at under the lock that cancel() takes: a download is either refused or cancelled.
    if (owner.phase() >= Host::Phase::stopping) return Error{Code::stopping, "the plugin is stopping"};
    const auto mine = std::count_if(open.begin(), open.end(), [&](const auto &e) { return e.second.owner == &owner; });
    if (static_cast<std::size_t>(mine) >= kMost)
      return Error{Code::busy, "the plugin has " + std::to_string(kMost) + " downloads open"};
    const auto number = ++last_;
    open.emplace(number, Entry{&owner, std::move(fetching)});
    return number;
  });
}

Fetches::FetchingPtr Fetches::find(std::uint64_t number) const {
  return open_.with([&](const auto &open) -> FetchingPtr {
    const auto it = open.find(number);
    return it == open.end() ? nullptr : it->second.fetching;
  });
}

void Fetches::remove(std::uint64_t number) {
  FetchingPtr last; // its connection is closed outside the lock
  open_.with([&](auto &open) {
    const auto it = open.find(number);
    if (it == open.end()) return;
    last = std::move(it->second.fetching);
    open.erase(it);
  });
}

void Fetches::cancel(const Host &of) {
  open_.with([&](auto &open) {
    for (auto &[number, entry] : open)
      if (entry.owner == &of) entry.fetching->download.cancel();
  });
}

void Fetches::drop(const Host &of) {
  std::vector<FetchingPtr> last;
  open_.with([&](auto &open) {
    std::erase_if(open, [&](auto &one) {
      if (one.second.owner != &of) return false;
      last.push_back(std::move(one.second.fetching));
      return true;
    });
  });
}

} // namespace pinion::core
