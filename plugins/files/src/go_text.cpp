#include "go_text.hpp"

#include <pinion/cpp/json_text.hpp>

#include <array>
#include <ctime>

namespace pinion::files {

namespace {

constexpr char kDigits[] = "0123456789abcdef";

struct Range {
  char32_t first, last;
};

// What is assigned but not to be printed: controls, formats, spaces other than " ", surrogates, private use.
constexpr Range kUnprintable[] = {{0x00, 0x1f},       {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},
                                  {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
                                  {0x8e2, 0x8e2},     {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},
                                  {0x2028, 0x202f},   {0x205f, 0x206f},   {0x3000, 0x3000},   {0xd800, 0xf8ff},
                                  {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},
                                  {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
                                  {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff}};

bool printable(char32_t c) {
  for (const auto &range : kUnprintable)
    if (c >= range.first && c <= range.last) return false;
  return true;
}

char32_t decode(std::string_view sequence) {
  if (sequence.size() == 1) return static_cast<unsigned char>(sequence[0]);
  char32_t c = static_cast<unsigned char>(sequence[0]) & (0xffu >> (sequence.size() + 1));
  for (const char next : sequence.substr(1)) c = c << 6 | (static_cast<unsigned char>(next) & 0x3f);
  return c;
}

void appendHex(std::string &out, char32_t value, int digits) {
  while (digits-- > 0) out += kDigits[value >> (4 * digits) & 15];
}

void appendEscape(std::string &out, char32_t c) {
  static constexpr std::string_view kLetters = "abtnvfr"; // of 7 to 13
  out += '\\';
  if (c >= 7 && c <= 13) {
    out += kLetters[c - 7];
  } else if (c < 0x80) {
    out += 'x';
    appendHex(out, c, 2);
  } else {
    out += c < 0x10000 ? 'u' : 'U';
    appendHex(out, c, c < 0x10000 ? 4 : 8);
  }
}

// Seconds east of Greenwich. Zones change at whole quarters of an hour, so one answer serves a quarter.
long offsetAt(std::int64_t unix_seconds) {
  thread_local std::int64_t quarter = INT64_MIN;
  thread_local long offset = 0;
  const std::int64_t wanted = unix_seconds >= 0 ? unix_seconds / 900 : -((899 - unix_seconds) / 900);
  if (wanted != quarter) {
    const auto time = static_cast<std::time_t>(unix_seconds);
    std::tm local{};
    offset = ::localtime_r(&time, &local) != nullptr ? local.tm_gmtoff : 0;
    quarter = wanted;
  }
  return offset;
}

void appendNumber(std::string &out, std::int64_t value, int digits) {
  std::array<char, 20> text{};
  int at = static_cast<int>(text.size());
  for (; value != 0 || digits > 0; value /= 10, --digits)
    text[static_cast<std::size_t>(--at)] = static_cast<char>('0' + value % 10);
  out.append(text.data() + at, text.size() - static_cast<std::size_t>(at));
}

} // namespace

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t length = detail::sequenceLength(name, i);
    if (length == 0) {
      out += "\\x";
      appendHex(out, static_cast<unsigned char>(name[i++]), 2);
      continue;
    }
    const auto sequence = name.substr(i, length);
    const char32_t c = decode(sequence);
    i += length;
    if (c == '"' || c == '\\')
      out.append("\\").append(sequence);
    else if (printable(c))
      out += sequence;
    else
      appendEscape(out, c);
  }
  return out + '"';
}

std::string cleanPath(std::string_view path) {
  const bool rooted = !path.empty() && path.front() == '/';
  std::string out = rooted ? "/" : "";
  std::size_t floor = out.size(); // what ".." takes nothing away from
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    const auto append = [&] {
      if (!out.empty() && out.back() != '/') out += '/';
      out += part;
    };
    if (part != "..") {
      append();
    } else if (out.size() > floor) {
      const auto slash = out.rfind('/');
      out.resize(slash == std::string::npos || slash < floor ? floor : slash);
    } else if (!rooted) {
      append();
      floor = out.size();
    }
  }
  return out.empty() ? "." : out;
}

std::string joinPath(std::string_view folder, std::string_view name) {
  if (folder.empty() && name.empty()) return "";
  if (folder.empty()) return cleanPath(name);
  std::string both(folder);
  both.append("/").append(name);
  return cleanPath(both);
}

std::string_view baseName(std::string_view path) {
  if (path.empty()) return ".";
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  if (path == "/") return path;
  return path.substr(path.rfind('/') + 1);
}

std::string_view extension(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos || path.find('/', dot) != std::string_view::npos) return "";
  return path.substr(dot);
}

bool isRoot(std::string_view path) {
  const std::string clean = cleanPath("/" + std::string(path));
  return clean == "/";
}

void appendTime(std::string &out, std::int64_t unix_seconds) {
  const long offset = offsetAt(unix_seconds);
  const std::int64_t local = unix_seconds + offset;
  std::int64_t days = local / 86400, second = local % 86400;
  if (second < 0) {
    second += 86400;
    --days;
  }
  // Days since 1 March of the year 0, in eras of 400 years.
  const std::int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, day_of_era = z - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  const std::int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) out += '-';
  appendNumber(out, year < 0 ? -year : year, 4);
  out += '-';
  appendNumber(out, month, 2);
  out += '-';
  appendNumber(out, day_of_year - (153 * march_month + 2) / 5 + 1, 2);
  out += 'T';
  appendNumber(out, second / 3600, 2);
  out += ':';
  appendNumber(out, second / 60 % 60, 2);
  out += ':';
  appendNumber(out, second % 60, 2);
  if (offset == 0) {
    out += 'Z';
    return;
  }
  out += offset < 0 ? '-' : '+';
  const long minutes = (offset < 0 ? -offset : offset) / 60;
  appendNumber(out, minutes / 60, 2);
  out += ':';
  appendNumber(out, minutes % 60, 2);
}

std::string timeText(std::int64_t unix_seconds) {
  std::string out;
  appendTime(out, unix_seconds);
  return out;
}

} // namespace pinion::files
