// Reads a multipart/form-data body as it comes, in one window of 256 KiB, whatever the parts' sizes. Knows no HTTP and
// no files. One thread at a time.
//
//   Multipart form(*boundary);
//   while (event != Multipart::Event::end) {
//     case more: n = read(form.room(), form.roomSize()); n > 0 ? form.filled(n) : form.ended();
//     case part: form.part()   case data: form.data()   case part_end   case malformed
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pinion::files {

struct Part {
  std::string name;
  std::optional<std::string> file_name; // as it was sent; none: a plain field
};

// The boundary of a Content-Type that says multipart/form-data, else nothing.
std::optional<std::string> formBoundary(std::string_view content_type);

// The name and the file name in a Content-Disposition; a name that is missing is "".
Part readDisposition(std::string_view header);

// The file name that any Content-Disposition gives, as it was sent.
std::optional<std::string> dispositionFileName(std::string_view header);

class Multipart {
public:
  static constexpr std::size_t kWindow = 256 * 1024;
  static constexpr std::size_t kMaxHeaders = 16 * 1024; // bytes of one part's headers
  static constexpr std::size_t kMaxParts = 1000;

  enum class Event { more, part, data, part_end, end, malformed };

  explicit Multipart(std::string_view boundary);
  // Where the next bytes of the body go, after Event::more.
  char *room() { return window_.data() + end_; }
  [[nodiscard]] std::size_t roomSize() const { return window_.size() - end_; }
  void filled(std::size_t bytes) { end_ += bytes; }
  void ended() { over_ = true; }

  // What comes next. After `end` and `malformed` always the same.
  Event next();
  const Part &part() const { return part_; }
  // Valid until the next call of next().
  std::string_view data() const { return data_; }

private:
  enum class State { preamble, headers, body_start, body, finished, broken };
  Event more(); // for more bytes, making room for them; malformed at the end of the body
  Event breakOff();
  Event preamble();
  Event headers();
  Event body();
  // What stands where a boundary ends: another part, the end, something else, or it is not all there yet.
  enum class Tail { part, end, text, wrong, unknown };
  Tail tailAt(std::size_t at, std::size_t &after) const;
  [[nodiscard]] std::string_view left() const { return std::string_view(window_).substr(at_, end_ - at_); }

  std::string dashes_;    // "--" and the boundary
  std::string delimiter_; // a line end before it
  std::string window_;
  std::size_t at_ = 0, end_ = 0; // what of the window is still to be read
  std::size_t parts_ = 0;
  State state_ = State::preamble;
  bool over_ = false, line_start_ = true;
  Part part_;
  std::string_view data_;
};

} // namespace pinion::files
