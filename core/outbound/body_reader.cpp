#include "outbound/body_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pinion::core::outbound {

namespace {

constexpr std::size_t kBlock = 16 * 1024;
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30u; // Poco counts in int
constexpr std::size_t kLongestLine = 1024;
constexpr int kMostTrailers = 64;

Error cutShort() { return {Code::io, "the answer was cut short"}; }
Error malformed() { return {Code::io, "the answer is malformed"}; }

} // namespace

Result<BodyReader> BodyReader::of(Connection &connection, const Poco::Net::HTTPResponse &response, bool to_head) {
  const int status = response.getStatus();
  if (to_head || status < 200 || status == 204 || status == 304) return BodyReader(connection, Framing::none, 0);
  if (response.getChunkedTransferEncoding()) return BodyReader(connection, Framing::chunked, 0);
  if (!response.hasContentLength()) return BodyReader(connection, Framing::to_end, 0);
  const std::string length = response.get("Content-Length");
  std::uint64_t left = 0;
  const char *end = length.data() + length.size();
  const auto [at, failed] = std::from_chars(length.data(), end, left);
  if (failed != std::errc() || at != end) return Error{Code::io, "its answer's length is no number"};
  return BodyReader(connection, Framing::length, left);
}

Result<std::size_t> BodyReader::read(char *buffer, std::size_t capacity) {
  if (framing_ == Framing::chunked && left_ == 0 && !over_)
    if (auto next = nextChunk(); !next) return next.error();
  if (over_ || capacity == 0) return std::size_t{0};
  capacity = std::min(capacity, kMostAtOnce);
  if (framing_ != Framing::to_end) capacity = static_cast<std::size_t>(std::min<std::uint64_t>(capacity, left_));
  const int got = connection_->read(buffer, static_cast<std::streamsize>(capacity));
  if (got <= 0) {
    if (framing_ != Framing::to_end) return cutShort();
    over_ = true;
    return std::size_t{0};
  }
  if (framing_ == Framing::to_end) return static_cast<std::size_t>(got);
  left_ -= static_cast<std::uint64_t>(got);
  if (left_ == 0 && framing_ == Framing::length) over_ = true;
  if (left_ == 0 && framing_ == Framing::chunked) {
    const auto after = line();
    if (!after) return after.error();
    if (!after->empty()) return malformed();
  }
  return static_cast<std::size_t>(got);
}

Result<std::string> BodyReader::readWhole(std::size_t largest) {
  std::string out;
  std::array<char, kBlock> block;
  for (;;) {
    if (out.size() > largest || left_ > largest - out.size())
      return Error{Code::invalid, "the answer is larger than " + std::to_string(largest / (1024 * 1024)) + " MiB"};
    const auto got = read(block.data(), block.size());
    if (!got) return got.error();
    if (*got == 0) return out;
    out.append(block.data(), *got);
  }
}

Result<void> BodyReader::nextChunk() {
  const auto head = line();
  if (!head) return head.error();
  const char *end = head->data() + head->size();
  const auto [at, failed] = std::from_chars(head->data(), end, left_, 16);
  if (failed != std::errc() || (at != end && *at != ';' && *at != ' ')) return malformed();
  return left_ == 0 ? skipTrailers() : Result<void>();
}

Result<void> BodyReader::skipTrailers() {
  for (int count = 0; count < kMostTrailers; ++count) {
    const auto trailer = line();
    if (!trailer) return trailer.error();
    if (!trailer->empty()) continue;
    over_ = true;
    return {};
  }
  return malformed();
}

Result<std::string> BodyReader::line() {
  std::string text;
  for (;;) {
    const int c = connection_->get();
    if (c < 0) return cutShort();
    if (c == '\n') break;
    if (text.size() == kLongestLine) return malformed();
    text.push_back(static_cast<char>(c));
  }
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

} // namespace pinion::core::outbound
