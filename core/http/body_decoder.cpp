#include "http/body_decoder.hpp"

#include "http/text.hpp"

#include <algorithm>

namespace pinion::core::http {
namespace {

constexpr std::size_t kMaxLine = 4096; // of a chunk size with its extensions, or of a trailer field
constexpr std::size_t kMaxTrailer = 16384;

} // namespace

BodyDecoder::BodyDecoder(const RequestHead &head) : chunked_(head.chunked) {
  if (chunked_) {
    step_ = Step::chunk_size;
  } else if (head.content_length.value_or(0) > 0) {
    step_ = Step::length;
    left_ = *head.content_length;
  }
}

std::optional<std::uint64_t> BodyDecoder::left() const {
  if (done()) return 0;
  if (chunked_) return std::nullopt;
  return left_;
}

void BodyDecoder::skip(std::uint64_t bytes) {
  if (step_ != Step::length) return;
  left_ -= std::min(bytes, left_);
  if (left_ == 0) step_ = Step::done;
}

bool BodyDecoder::readLine(std::string_view &in) {
  const auto end = in.find('\n');
  const auto taken = end == std::string_view::npos ? in.size() : end + 1;
  if (line_.size() + taken > kMaxLine) {
    step_ = Step::bad;
    return false;
  }
  line_.append(in.substr(0, taken));
  in.remove_prefix(taken);
  if (end == std::string_view::npos) return false;
  // Bare line feeds end a line for some and not for others: refused.
  if (!line_.ends_with("\r\n") || line_.find('\r') != line_.size() - 2) {
    step_ = Step::bad;
    return false;
  }
  line_.resize(line_.size() - 2);
  return true;
}

void BodyDecoder::readChunkSize() {
  const auto digits = std::string_view(line_).substr(0, line_.find_first_of("; \t"));
  if (digits.empty() || digits.size() > 15 || !isFieldValue(line_)) {
    step_ = Step::bad;
    return;
  }
  left_ = 0;
  for (const char c : digits) {
    const bool digit = c >= '0' && c <= '9', letter = lower(c) >= 'a' && lower(c) <= 'f';
    if (!digit && !letter) {
      step_ = Step::bad;
      return;
    }
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit ? c - '0' : lower(c) - 'a' + 10);
  }
  const auto extension = trimmed(std::string_view(line_).substr(digits.size()));
  if (!extension.empty() && extension.front() != ';') {
    step_ = Step::bad;
    return;
  }
  step_ = left_ == 0 ? Step::trailer : Step::chunk;
}

BodyDecoder::State BodyDecoder::feed(std::string_view &in, std::string &out) {
  while (step_ != Step::done && step_ != Step::bad && !in.empty()) {
    switch (step_) {
    case Step::length:
    case Step::chunk: {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
      out.append(in.substr(0, taken));
      in.remove_prefix(taken);
      left_ -= taken;
      if (left_ == 0) step_ = step_ == Step::length ? Step::done : Step::chunk_end;
      break;
    }
    case Step::chunk_size:
      if (readLine(in)) {
        readChunkSize();
        line_.clear();
      }
      break;
    case Step::chunk_end:
      if (readLine(in)) {
        step_ = line_.empty() ? Step::chunk_size : Step::bad;
        line_.clear();
      } else if (!std::string_view("\r\n").starts_with(line_)) {
        step_ = Step::bad;
      }
      break;
    case Step::trailer:
      if (readLine(in)) {
        trailer_bytes_ += line_.size();
        const auto colon = line_.find(':');
        if (line_.empty())
          step_ = Step::done;
        else if (colon == std::string::npos || !isToken(std::string_view(line_).substr(0, colon)) ||
                 trailer_bytes_ > kMaxTrailer)
          step_ = Step::bad;
        line_.clear();
      }
      break;
    case Step::done:
    case Step::bad: break;
    }
  }
  if (step_ == Step::bad) return State::bad;
  return step_ == Step::done ? State::done : State::more;
}

} // namespace pinion::core::http
