// Archives for tests: plain tar (ustar) in memory, which is what the fake host's archives are whatever format was asked
// for. Included by fake_host.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::testing {

struct FakeTarEntry {
  std::string name; // at most 100 bytes
  std::string bytes = {};
  char type = '0'; // '0' a file, '1' a hard link, '2' a symbolic link, '5' a folder
  std::string target = {};
  unsigned mode = 0644;
  std::int64_t modified_s = 0;
};

namespace detail {

constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kTarName = 100;

inline std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + kTarBlock - 1) / kTarBlock * kTarBlock);
  return bytes;
}
// The entry's head and content, without the archive's end.
inline std::string tarPiece(const FakeTarEntry &entry) {
  std::string head(kTarBlock, '\0');
  const auto text = [&](std::size_t at, const std::string &bytes) { head.replace(at, bytes.size(), bytes); };
  const auto number = [&](std::size_t at, int digits, std::uint64_t value) {
    char octal[24];
    std::snprintf(octal, sizeof octal, "%0*llo", digits, static_cast<unsigned long long>(value));
    text(at, octal);
  };
  text(0, entry.name.substr(0, kTarName));
  number(100, 7, entry.mode & 07777);
  number(108, 7, 0);
  number(116, 7, 0);
  number(124, 11, entry.bytes.size());
  number(136, 11, static_cast<std::uint64_t>(entry.modified_s));
  text(148, "        ");
  head[156] = entry.type;
  text(157, entry.target.substr(0, kTarName));
  text(257, std::string("ustar\0"
                        "00",
                        8));
  unsigned sum = 0;
  for (const unsigned char byte : head) sum += byte;
  number(148, 6, sum);
  head[154] = '\0';
  return head + padded(entry.bytes);
}
inline std::string tarEnd() { return std::string(2 * kTarBlock, '\0'); }

} // namespace detail

inline std::string tarOf(const std::vector<FakeTarEntry> &entries) {
  std::string out;
  for (const auto &entry : entries) out += detail::tarPiece(entry);
  return out + detail::tarEnd();
}

// Nothing when it is no tar or is cut short.
inline std::optional<std::vector<FakeTarEntry>> readTar(std::string_view archive) {
  std::vector<FakeTarEntry> out;
  while (archive.size() >= detail::kTarBlock) {
    const std::string_view head = archive.substr(0, detail::kTarBlock);
    if (head.find_first_not_of('\0') == std::string_view::npos) return out;
    if (head.substr(257, 5) != "ustar") return std::nullopt;
    const auto text = [&](std::size_t at, std::size_t size) {
      const std::string_view field = head.substr(at, size);
      return std::string(field.substr(0, field.find('\0')));
    };
    const auto number = [&](std::size_t at, std::size_t size) {
      return std::strtoull(text(at, size).c_str(), nullptr, 8);
    };
    FakeTarEntry entry{text(0, detail::kTarName), {}, head[156], text(157, detail::kTarName)};
    entry.mode = static_cast<unsigned>(number(100, 8));
    entry.modified_s = static_cast<std::int64_t>(number(136, 12));
    const auto size = static_cast<std::size_t>(number(124, 12));
    archive.remove_prefix(detail::kTarBlock);
    if (archive.size() < size) return std::nullopt;
    entry.bytes = archive.substr(0, size);
    archive.remove_prefix(std::min(archive.size(), detail::padded(entry.bytes).size()));
    out.push_back(std::move(entry));
  }
  return std::nullopt;
}

} // namespace pinion::testing
