#include "archives/tar_header.hpp"

#include <pinion/cpp/json_text.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace pinion::core::archives {

namespace {

constexpr std::uint64_t kMaxOctal11 = 077777777777; // what eleven octal digits hold

struct Field {
  std::size_t at, length;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kTime{136, 12}, kSum{148, 8};
constexpr Field kTarget{157, 100}, kPrefix{345, 155};
constexpr std::size_t kType = 156, kMagic = 257;

using Header = std::array<char, kTarBlock>;

void text(Header &header, Field field, std::string_view value) {
  std::copy_n(value.data(), std::min(value.size(), field.length), header.data() + field.at);
}

void octal(Header &header, Field field, std::uint64_t value) {
  for (std::size_t i = field.length - 1; i-- > 0; value >>= 3)
    header[field.at + i] = static_cast<char>('0' + (value & 7));
}

Header head(std::string_view prefix, std::string_view name, char type, unsigned mode, std::uint64_t size,
            std::uint64_t modified, std::string_view target) {
  Header out{};
  text(out, kName, name);
  octal(out, kMode, mode & 07777);
  octal(out, kUid, 0);
  octal(out, kGid, 0);
  octal(out, kSize, size);
  octal(out, kTime, modified);
  out[kType] = type;
  text(out, kTarget, target);
  std::memcpy(out.data() + kMagic, "ustar\00000", 8);
  text(out, kPrefix, prefix);
  std::fill_n(out.begin() + kSum.at, kSum.length, ' ');
  std::uint64_t sum = 0;
  for (const char c : out) sum += static_cast<unsigned char>(c);
  octal(out, {kSum.at, kSum.length - 1}, sum);
  out[kSum.at + 6] = '\0';
  return out;
}

// "LENGTH key=value\n", where the length counts itself.
std::string record(std::string_view key, std::string_view value) {
  const std::size_t rest = 1 + key.size() + 1 + value.size() + 1;
  std::size_t length = rest + 1;
  while (rest + std::to_string(length).size() > length) ++length;
  std::string out = std::to_string(length) + " ";
  ((out += key) += "=") += value;
  out.push_back('\n');
  return out;
}

bool ascii(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Where to cut a name into prefix and name so that both fit; npos when there is no such place, 0 when none is needed.
std::size_t cut(std::string_view name) {
  if (name.size() <= kName.length) return 0;
  if (name.size() > kPrefix.length + 1 + kName.length) return std::string_view::npos;
  const auto slash = name.find('/', name.size() - kName.length - 1);
  if (slash == std::string_view::npos || slash == 0 || slash > kPrefix.length || slash + 1 == name.size())
    return std::string_view::npos;
  return slash;
}

} // namespace

std::string tarHeader(const TarEntry &entry) {
  std::string name = entry.name;
  if (entry.type == TarEntry::Type::folder) name.push_back('/');
  const std::size_t at = cut(name);
  std::string extended;
  // pax says names are UTF-8; what is not goes as it is, and says so where a reader would convert it.
  const auto extend = [&](std::string_view key, const std::string &value) {
    if (!ascii(value) && pinion::validUtf8(value) != value && extended.find("hdrcharset") == std::string::npos)
      extended += record("hdrcharset", "BINARY");
    extended += record(key, value);
  };
  const bool plain_bytes = !ascii(name) && pinion::validUtf8(name) != name;
  if (at == std::string_view::npos || (!ascii(name) && !plain_bytes)) extend("path", name);
  if (entry.target.size() > kTarget.length || (!ascii(entry.target) && pinion::validUtf8(entry.target) == entry.target))
    extend("linkpath", entry.target);
  if (entry.size > kMaxOctal11) extend("size", std::to_string(entry.size));
  const bool far = entry.modified < 0 || static_cast<std::uint64_t>(entry.modified) > kMaxOctal11;
  if (far) extend("mtime", std::to_string(entry.modified));

  std::string out;
  const auto append = [&](const Header &header) { out.append(header.data(), header.size()); };
  if (!extended.empty()) {
    const std::string_view end = std::string_view(name).substr(name.size() - std::min<std::size_t>(name.size(), 80));
    append(head("", "PaxHeaders/" + std::string(end), 'x', 0644, extended.size(), 0, ""));
    out += extended;
    out.resize((out.size() + kTarBlock - 1) / kTarBlock * kTarBlock);
  }
  const bool split = at != 0 && at != std::string_view::npos;
  append(head(split ? std::string_view(name).substr(0, at) : "", split ? std::string_view(name).substr(at + 1) : name,
              static_cast<char>(entry.type), entry.mode, entry.size > kMaxOctal11 ? 0 : entry.size,
              far ? 0 : static_cast<std::uint64_t>(entry.modified), entry.target));
  return out;
}

} // namespace pinion::core::archives
