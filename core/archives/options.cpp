#include "archives/options.hpp"

#include "base/json_text.hpp"
#include "servers/json_cursor.hpp"

#include <cstring>

namespace pinion::core::archives {

namespace {

void count(JsonCursor &cursor, std::uint64_t &out) {
  std::int64_t number = static_cast<std::int64_t>(out);
  cursor.read(number);
  if (number < 0)
    cursor.refuse("a number that is not negative");
  else
    out = static_cast<std::uint64_t>(number);
}

// One of a few words; others are refused, or stand for what `out` is already.
template <typename T, std::size_t N>
bool word(JsonCursor &cursor, const std::pair<std::string_view, T> (&words)[N], T &out) {
  std::string text;
  cursor.read(text);
  if (text.empty()) return true;
  for (const auto &[name, value] : words)
    if (name == text) {
      out = value;
      return true;
    }
  return false;
}

constexpr std::pair<std::string_view, Format> kFormats[] = {{"tar.gz", Format::tar_gz},   {"tar", Format::tar},
                                                            {"tar.bz2", Format::tar_bz2}, {"tar.xz", Format::tar_xz},
                                                            {"tar.zst", Format::tar_zst}, {"zip", Format::zip}};
constexpr std::pair<std::string_view, Level> kLevels[] = {
    {"best_speed", Level::best_speed}, {"best_compression", Level::best_compression}, {"none", Level::none}};
constexpr std::pair<std::string_view, Checksum> kChecksums[] = {{"sha1", Checksum::sha1}, {"sha256", Checksum::sha256}};

Result<void> finish(JsonCursor &cursor) {
  cursor.finish();
  if (cursor.failed()) return Error{Code::invalid, "options: " + cursor.error(), EINVAL};
  return {};
}

std::string number(std::uint64_t value) { return std::to_string(value); }

} // namespace

Result<PackRequest> readPackRequest(std::string_view json) {
  PackRequest out;
  if (json.empty()) return out;
  JsonCursor cursor(json);
  cursor.object([&](std::string_view key) {
    PackOptions &o = out.options;
    if (key == "root") cursor.read(o.root);
    if (key == "files") cursor.read(o.files);
    if (key == "format" && !word(cursor, kFormats, o.format))
      cursor.refuse("tar.gz, tar, tar.bz2, tar.xz, tar.zst or zip");
    if (key == "level") (void)word(cursor, kLevels, o.level);
    if (key == "checksum" && !word(cursor, kChecksums, o.checksum)) cursor.refuse("sha1, sha256 or nothing");
    if (key == "ignore") cursor.read(out.ignore);
    if (key == "owner") cursor.read(out.owner);
    if (key == "links") cursor.read(o.links);
    if (key == "limit") count(cursor, o.limit);
    if (key == "rate") count(cursor, o.rate);
  });
  if (auto done = finish(cursor); !done) return done.error();
  return out;
}

Result<UnpackRequest> readUnpackRequest(std::string_view json) {
  UnpackRequest out;
  if (json.empty()) return out;
  JsonCursor cursor(json);
  cursor.object([&](std::string_view key) {
    UnpackOptions &o = out.options;
    if (key == "root") cursor.read(o.root);
    if (key == "name") cursor.read(o.name);
    if (key == "owner") cursor.read(out.owner);
    if (key == "links") cursor.read(o.links);
    if (key == "check_first") cursor.read(o.check_first);
    if (key == "limits")
      cursor.object([&](std::string_view limit) {
        if (limit == "entries") count(cursor, o.limits.entries);
        if (limit == "bytes") count(cursor, o.limits.bytes);
        if (limit == "ratio") count(cursor, o.limits.ratio);
      });
  });
  if (auto done = finish(cursor); !done) return done.error();
  return out;
}

std::string toJson(const Packed &packed) {
  return "{\"bytes\":" + number(packed.bytes) + ",\"entries\":" + number(packed.entries) +
         ",\"checksum\":" + jsonString(packed.checksum) + ",\"left_out\":" + number(packed.left_out) + "}";
}

std::string toJson(const Unpacked &unpacked) {
  return "{\"bytes\":" + number(unpacked.bytes) + ",\"entries\":" + number(unpacked.entries) +
         ",\"passed_over\":" + number(unpacked.passed_over) + ",\"format\":" + jsonString(unpacked.format) + "}";
}

std::string toJson(const Progress &progress) {
  return "{\"bytes\":" + number(progress.bytes) + ",\"total\":" + number(progress.total) +
         ",\"entries\":" + number(progress.entries) + ",\"name\":" + jsonString(progress.name) + "}";
}

Error named(Error error) {
  if (const char *name = error.detail != 0 ? ::strerrorname_np(error.detail) : nullptr; name != nullptr)
    error.text = std::string(name) + ": " + error.text;
  return error;
}

} // namespace pinion::core::archives
