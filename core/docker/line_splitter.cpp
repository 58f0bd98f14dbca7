#include "docker/line_splitter.hpp"

#include <algorithm>
#include <utility>

namespace pinion::core {

namespace {

// Games break lines at what they take for the terminal's width with space + CR; the terminal of the Panel wants CR LF.
void breakLines(std::string &line) {
  for (auto at = line.find(" \r"); at != std::string::npos; at = line.find(" \r", at + 2)) {
    line[at] = '\r';
    line[at + 1] = '\n';
  }
}

} // namespace

bool LineSplitter::next(std::string_view &bytes, std::string &line) {
  while (!bytes.empty()) {
    const std::size_t room = kLongest - held_.size();
    const std::size_t end = bytes.substr(0, room + 1).find('\n');
    if (end == std::string_view::npos && bytes.size() <= room) {
      held_.append(bytes);
      bytes = {};
      return false;
    }
    held_.append(bytes.substr(0, std::min(end, room)));
    bytes.remove_prefix(end == std::string_view::npos ? room : end + 1);
    if (end != std::string_view::npos && !held_.empty() && held_.back() == '\r') held_.pop_back();
    if (held_.empty()) continue;
    line.swap(held_);
    held_.clear();
    breakLines(line);
    return true;
  }
  return false;
}

bool LineSplitter::rest(std::string &line) {
  if (held_.empty()) return false;
  line.swap(held_);
  held_.clear();
  breakLines(line);
  return true;
}

} // namespace pinion::core
