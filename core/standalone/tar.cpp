#include "standalone/tar.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace pinion::core {

namespace {

constexpr std::size_t block = 512;

struct Header { // POSIX ustar
  std::array<char, 100> name;
  std::array<char, 8> mode, uid, gid;
  std::array<char, 12> size, mtime;
  std::array<char, 8> checksum;
  char type;
  std::array<char, 100> target;
  std::array<char, 8> magic;
  std::array<char, 32> user, group;
  std::array<char, 8> major, minor;
  std::array<char, 155> prefix;
  std::array<char, 12> rest;
};
static_assert(sizeof(Header) == block);

template <std::size_t N> void put(std::array<char, N> &field, std::string_view text) {
  if (text.size() > N) throw std::invalid_argument("too long for a tar header: " + std::string(text));
  std::memcpy(field.data(), text.data(), text.size());
}

template <std::size_t N> void octal(std::array<char, N> &field, std::size_t value) {
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%0*zo", static_cast<int>(N) - 1, value);
  put(field, std::string_view(text, static_cast<std::size_t>(length)));
}

} // namespace

void TarWriter::header(std::string_view name, char type, unsigned mode, std::size_t size, std::string_view target) {
  Header header;
  std::memset(&header, 0, sizeof header);
  put(header.name, name);
  octal(header.mode, mode);
  octal(header.uid, 0);
  octal(header.gid, 0);
  octal(header.size, size);
  octal(header.mtime, 946684800); // 2000-01-01
  header.type = type;
  put(header.target, target);
  put(header.magic, std::string_view("ustar\00000", 8));
  put(header.user, "root");
  put(header.group, "root");
  header.checksum.fill(' ');
  std::size_t sum = 0;
  char bytes[block];
  std::memcpy(bytes, &header, block);
  for (const char byte : bytes) sum += static_cast<unsigned char>(byte);
  char text[16];
  std::snprintf(text, sizeof text, "%06zo", sum);
  std::memcpy(header.checksum.data(), text, 7); // six digits, NUL, and the space that is there
  out_.append(reinterpret_cast<const char *>(&header), block);
}

void TarWriter::folder(std::string_view name, unsigned mode) { header(name, '5', mode, 0, ""); }

void TarWriter::link(std::string_view name, std::string_view target) { header(name, '2', 0777, 0, target); }

void TarWriter::file(std::string_view name, std::string_view contents, unsigned mode) {
  header(name, '0', mode, contents.size(), "");
  out_ += contents;
  out_.append((block - contents.size() % block) % block, '\0');
}

std::string TarWriter::finish() {
  out_.append(2 * block, '\0');
  return std::move(out_);
}

} // namespace pinion::core
