// The kinds of files that were looked into before, so that a folder that is listed again opens none of its files.
// Thread-safe.
#pragma once

#include <pinion/cpp/files.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pinion::files {

// At most 65536 files, in less than 1 MiB; what was asked for longest ago goes first, about.
class MimeCache {
public:
  MimeCache();
  // Of this very content: device, inode, times and size must be the same.
  std::optional<std::string> find(const pinion_file_info &info);
  // `now`: Unix seconds. A file that was changed just now is not kept: it may change again within the same instant of
  // its times.
  void keep(const pinion_file_info &info, const std::string &mime, std::int64_t now);

private:
  static constexpr std::size_t kWays = 4, kSets = 16384, kMostNames = 1024;
  [[nodiscard]] std::uint64_t fingerprint(const pinion_file_info &info) const;

  const std::uint64_t seed_;
  std::mutex mutex_;
  std::vector<std::array<std::uint64_t, kWays>> files_; // made when the first is kept; newest first
  std::vector<std::array<std::uint16_t, kWays>> kinds_; // indices of names_
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint16_t> numbers_;
};

} // namespace pinion::files
