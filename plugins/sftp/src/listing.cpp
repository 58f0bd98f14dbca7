#include "listing.hpp"

#include <cstdio>
#include <ctime>

namespace sftp {

namespace {

constexpr std::time_t half_a_year_s = 182 * 24 * 60 * 60;

std::string modeText(mode_t mode) {
  std::string out = "-rwxrwxrwx";
  out[0] = S_ISDIR(mode)    ? 'd'
           : S_ISLNK(mode)  ? 'l'
           : S_ISFIFO(mode) ? 'p'
           : S_ISSOCK(mode) ? 's'
           : S_ISBLK(mode)  ? 'b'
           : S_ISCHR(mode)  ? 'c'
                            : '-';
  for (std::size_t i = 0; i < 9; ++i)
    if ((mode >> (8 - i) & 1) == 0) out[i + 1] = '-';
  return out;
}

mode_t typeBits(std::uint32_t type) {
  switch (type) {
  case PINION_FILE_DIRECTORY: return S_IFDIR;
  case PINION_FILE_LINK: return S_IFLNK;
  case PINION_FILE_PIPE: return S_IFIFO;
  case PINION_FILE_SOCKET: return S_IFSOCK;
  case PINION_FILE_DEVICE: return S_IFBLK;
  case PINION_FILE_CHARACTER: return S_IFCHR;
  default: return S_IFREG;
  }
}

constexpr std::uint32_t all_flags = attribute_size | attribute_owner | attribute_mode | attribute_times;

} // namespace

Attributes attributesOf(const struct stat &facts) {
  return {all_flags,
          static_cast<std::uint64_t>(facts.st_size),
          facts.st_uid,
          facts.st_gid,
          facts.st_mode,
          static_cast<std::uint32_t>(facts.st_atim.tv_sec),
          static_cast<std::uint32_t>(facts.st_mtim.tv_sec)};
}

Attributes attributesOf(const pinion_file_info &info) {
  const auto modified = static_cast<std::uint32_t>(info.modified_s);
  return {all_flags, static_cast<std::uint64_t>(info.bytes), info.uid,
          info.gid,  typeBits(info.type) | info.mode,        modified,
          modified};
}

std::string longName(const struct stat &facts, const std::string &name) {
  std::tm when{};
  const std::time_t modified = facts.st_mtim.tv_sec;
  ::gmtime_r(&modified, &when);
  const std::time_t age = std::time(nullptr) - modified;
  char date[32] = "";
  std::strftime(date, sizeof date, age > half_a_year_s || age < -60 ? "%b %e  %Y" : "%b %e %H:%M", &when);
  char facts_text[160];
  std::snprintf(facts_text, sizeof facts_text, "%s %4u %-8u %-8u %8lld %s ", modeText(facts.st_mode).c_str(),
                static_cast<unsigned>(facts.st_nlink), static_cast<unsigned>(facts.st_uid),
                static_cast<unsigned>(facts.st_gid), static_cast<long long>(facts.st_size), date);
  return facts_text + name;
}

} // namespace sftp
