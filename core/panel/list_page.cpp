#include "panel/list_page.hpp"

#include "servers/json_cursor.hpp"

namespace pinion::core::panel {

Result<PageNumbers> readListPage(const std::string &body, const std::function<void(const std::string &)> &each) {
  PageNumbers numbers;
  JsonCursor cursor(body);
  cursor.object([&](std::string_view key) {
    if (sameKey(key, "data")) {
      cursor.array([&] {
        const std::string entry = cursor.compact();
        if (!cursor.failed()) each(entry);
      });
    } else if (sameKey(key, "meta")) {
      cursor.object([&](std::string_view name) {
        if (sameKey(name, "current_page")) cursor.read(numbers.current);
        if (sameKey(name, "last_page")) cursor.read(numbers.last);
      });
    }
  });
  cursor.finish();
  if (cursor.failed()) return Error{Code::invalid, "the Panel's list of servers cannot be read: " + cursor.error()};
  return numbers;
}

std::string entryUuid(const std::string &entry) {
  std::string uuid;
  JsonCursor cursor(entry);
  cursor.object([&](std::string_view key) {
    if (sameKey(key, "uuid")) cursor.read(uuid);
  });
  return cursor.failed() ? "" : uuid;
}

} // namespace pinion::core::panel
