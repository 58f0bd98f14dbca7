#include "mime_cache.hpp"

#include <algorithm>
#include <random>

namespace pinion::files {

namespace {

std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

constexpr std::int64_t kSettled = 2; // seconds after which the times of a file tell its contents apart

} // namespace

MimeCache::MimeCache() : seed_(static_cast<std::uint64_t>(std::random_device()()) << 32 | std::random_device()()) {}

std::uint64_t MimeCache::fingerprint(const pinion_file_info &info) const {
  std::uint64_t out = seed_;
  for (const std::uint64_t part :
       {info.device, info.inode, static_cast<std::uint64_t>(info.bytes), static_cast<std::uint64_t>(info.modified_s),
        static_cast<std::uint64_t>(info.changed_s),
        static_cast<std::uint64_t>(info.modified_ns) << 32 | info.changed_ns})
    out = mixed(out ^ part);
  return out | 1; // never 0
}

std::optional<std::string> MimeCache::find(const pinion_file_info &info) {
  const auto file = fingerprint(info);
  const std::lock_guard lock(mutex_);
  if (files_.empty()) return std::nullopt;
  auto &files = files_[file >> 1 & (kSets - 1)];
  auto &kinds = kinds_[file >> 1 & (kSets - 1)];
  const auto way = std::find(files.begin(), files.end(), file) - files.begin();
  if (way == static_cast<std::ptrdiff_t>(kWays)) return std::nullopt;
  std::rotate(files.begin(), files.begin() + way, files.begin() + way + 1);
  std::rotate(kinds.begin(), kinds.begin() + way, kinds.begin() + way + 1);
  return names_[kinds[0]];
}

void MimeCache::keep(const pinion_file_info &info, const std::string &mime, std::int64_t now) {
  if (std::max(info.changed_s, info.modified_s) + kSettled > now) return;
  const auto file = fingerprint(info);
  const std::lock_guard lock(mutex_);
  auto number = numbers_.find(mime);
  if (number == numbers_.end()) {
    if (names_.size() >= kMostNames) return; // character sets that files make up
    number = numbers_.emplace(mime, static_cast<std::uint16_t>(names_.size())).first;
    names_.push_back(mime);
  }
  if (files_.empty()) {
    files_.resize(kSets);
    kinds_.resize(kSets);
  }
  auto &files = files_[file >> 1 & (kSets - 1)];
  auto &kinds = kinds_[file >> 1 & (kSets - 1)];
  std::rotate(files.begin(), files.end() - 1, files.end());
  std::rotate(kinds.begin(), kinds.end() - 1, kinds.end());
  files[0] = file;
  kinds[0] = number->second;
}

} // namespace pinion::files
