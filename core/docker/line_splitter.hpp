// The raw terminal stream of a container as console lines (contract websocket.md 5.4), and plain line reading for the
// engine's own streams. Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pinion::core {

class LineSplitter {
public:
  static constexpr std::size_t kLongest = 65536; // a longer line is told in pieces

  // Takes from the front of `bytes` what belongs to the current line. True: `line` holds the next line to tell (never
  // an empty one). False: `bytes` is used up and the line has not ended yet.
  bool next(std::string_view &bytes, std::string &line);
  // At the end of the stream: what came after the last line's end, when there is something.
  bool rest(std::string &line);

private:
  std::string held_;
};

// Lines of JSON streams and progress: cut at `kLongest`, empty ones left out, one trailing CR removed.
class LineReader {
public:
  static constexpr std::size_t kLongest = 256U << 10;

  template <typename F> void feed(std::string_view bytes, F &&on_line) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      held_.append(bytes.substr(0, end));
      if (end == std::string_view::npos && held_.size() < kLongest) return;
      flush(on_line);
      bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    }
  }
  template <typename F> void flush(F &&on_line) {
    if (!held_.empty() && held_.back() == '\r') held_.pop_back();
    if (!held_.empty()) on_line(std::string_view(held_));
    held_.clear();
  }

private:
  std::string held_;
};

// The payload bytes of a multiplexed stream (a container without terminal): 8-byte frame heads are taken out, wherever
// reads split them.
class FrameReader {
public:
  template <typename F> void feed(std::string_view bytes, F &&on_bytes) {
    while (!bytes.empty()) {
      if (left_ == 0) {
        head_[have_++] = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        if (have_ < sizeof head_) continue;
        have_ = 0;
        left_ = std::size_t{head_[4]} << 24 | std::size_t{head_[5]} << 16 | std::size_t{head_[6]} << 8 | head_[7];
        continue;
      }
      const auto piece = bytes.substr(0, left_);
      on_bytes(piece);
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
    }
  }

private:
  unsigned char head_[8] = {};
  std::size_t have_ = 0, left_ = 0;
};

} // namespace pinion::core
