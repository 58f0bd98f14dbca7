#include "loader/json_pointer.hpp"

#include "base/json_text.hpp"
#include "servers/json_cursor.hpp"

#include <optional>

namespace pinion::core {

namespace {

using Segments = std::vector<std::string>;

std::optional<std::string> find(JsonCursor &cursor, const Segments &segments, std::size_t at) {
  if (at == segments.size()) return cursor.compact();
  std::optional<std::string> out;
  if (cursor.kind() == JsonCursor::Kind::object)
    cursor.object([&](std::string_view key) {
      if (!out && key == segments[at]) out = find(cursor, segments, at + 1);
    });
  else if (cursor.kind() == JsonCursor::Kind::array) {
    std::size_t index = 0;
    cursor.array([&] {
      if (!out && std::to_string(index) == segments[at]) out = find(cursor, segments, at + 1);
      ++index;
    });
  }
  return out;
}

} // namespace

Result<std::vector<std::string>> pointerSegments(std::string_view pointer) {
  Segments out;
  if (pointer.empty()) return out;
  if (pointer.front() != '/')
    return Error{Code::invalid, "the JSON pointer " + jsonString(pointer) + " does not begin with /"};
  for (const char c : pointer) {
    if (c == '/')
      out.emplace_back();
    else
      out.back().push_back(c);
  }
  for (std::string &segment : out)
    for (std::size_t i = 0; (i = segment.find('~', i)) != std::string::npos; ++i) {
      const char next = i + 1 < segment.size() ? segment[i + 1] : '\0';
      if (next != '0' && next != '1')
        return Error{Code::invalid, "the JSON pointer " + jsonString(pointer) + " has a ~ without 0 or 1"};
      segment.replace(i, 2, 1, next == '0' ? '~' : '/');
    }
  return out;
}

Result<std::string> valueAt(std::string_view json, const std::vector<std::string> &segments, std::size_t from,
                            std::string_view pointer) {
  JsonCursor cursor(json);
  auto found = find(cursor, segments, from);
  if (cursor.failed()) return Error{Code::internal, "the stored JSON does not read: " + cursor.error()};
  if (!found) return Error{Code::notFound, "there is no value at " + jsonString(pointer)};
  return *std::move(found);
}

} // namespace pinion::core
