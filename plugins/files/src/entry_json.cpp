#include "entry_json.hpp"

#include "go_text.hpp"

#include <pinion/cpp/json_text.hpp>

#include <array>
#include <charconv>

namespace pinion::files {

namespace {

void appendMode(std::string &out, std::uint32_t type, std::uint32_t mode) {
  const std::size_t before = out.size();
  if (type == PINION_FILE_DIRECTORY) out += 'd';
  if (type == PINION_FILE_LINK) out += 'L';
  if (type == PINION_FILE_DEVICE || type == PINION_FILE_CHARACTER) out += 'D';
  if (type == PINION_FILE_PIPE) out += 'p';
  if (type == PINION_FILE_SOCKET) out += 'S';
  if ((mode & 04000) != 0) out += 'u';
  if ((mode & 02000) != 0) out += 'g';
  if (type == PINION_FILE_CHARACTER) out += 'c';
  if ((mode & 01000) != 0) out += 't';
  if (out.size() == before) out += '-';
  for (int bit = 8; bit >= 0; --bit) out += (mode >> bit & 1) != 0 ? "xwr"[bit % 3] : '-';
}

void appendInteger(std::string &out, std::int64_t value, int base = 10) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, base).ptr;
  out.append(text.data(), end);
}

} // namespace

std::string modeText(std::uint32_t type, std::uint32_t mode) {
  std::string out;
  appendMode(out, type, mode);
  return out;
}

std::string_view mimeOfSpecial(std::uint32_t type) {
  return type == PINION_FILE_DIRECTORY ? "inode/directory" : "application/octet-stream";
}

void appendEntry(std::string &out, const pinion_file_info &info, std::string_view name, std::string_view mime) {
  const bool folder = info.type == PINION_FILE_DIRECTORY;
  out += "{\"name\":";
  appendJsonString(out, name);
  out += ",\"created\":\"";
  appendTime(out, info.changed_s);
  out += "\",\"modified\":\"";
  appendTime(out, info.modified_s);
  out += "\",\"mode\":\"";
  appendMode(out, info.type, info.mode);
  out += "\",\"mode_bits\":\"";
  appendInteger(out, info.mode & 0777, 8);
  out += "\",\"size\":";
  appendInteger(out, info.bytes);
  out += folder ? ",\"directory\":true,\"file\":false,\"symlink\":" : ",\"directory\":false,\"file\":true,\"symlink\":";
  out += info.type == PINION_FILE_LINK ? "true,\"mime\":" : "false,\"mime\":";
  appendJsonString(out, mime);
  out += '}';
}

} // namespace pinion::files
