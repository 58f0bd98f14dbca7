#include "http/frame_codec.hpp"

#include "http/deflate.hpp"

#include <algorithm>
#include <utility>

namespace pinion::core::http {
namespace {

constexpr std::uint8_t kFinal = 0x80, kCompressed = 0x40, kMasked = 0x80;

void appendHeader(std::string &out, std::uint8_t first, std::size_t size) {
  out.push_back(static_cast<char>(first));
  if (size < 126) {
    out.push_back(static_cast<char>(size));
    return;
  }
  const int bytes = size < 65536 ? 2 : 8;
  out.push_back(static_cast<char>(bytes == 2 ? 126 : 127));
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i)));
}

} // namespace

Frame::Frame(std::uint8_t opcode, std::string_view payload) {
  plain_.reserve(payload.size() + 10);
  appendHeader(plain_, kFinal | opcode, payload.size());
  if (opcode < kClose) header_ = plain_.size();
  plain_ += payload;
}

Frame::Frame(std::string raw) : plain_(std::move(raw)) {}

const std::string &Frame::packed() const {
  std::call_once(once_, [this] {
    if (header_ == 0) return;
    const std::string payload = deflated(std::string_view(plain_).substr(header_));
    if (payload.empty()) return;
    packed_.reserve(payload.size() + 10);
    appendHeader(packed_, static_cast<std::uint8_t>(plain_.front()) | kCompressed, payload.size());
    packed_ += payload;
  });
  return packed_.empty() ? plain_ : packed_;
}

std::string closePayload(std::uint16_t code, std::string_view reason) {
  if (code == 1005) return {};
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  // A control frame holds 125 bytes; a cut must not split a character.
  std::size_t size = std::min<std::size_t>(reason.size(), 123);
  while (size > 0 && size < reason.size() && (static_cast<unsigned char>(reason[size]) & 0xc0) == 0x80) --size;
  out += reason.substr(0, size);
  return out;
}

bool closeCodeMayBeReceived(std::uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

bool isUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    const unsigned char second = byte(i + 1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
      return false;
    i += more + 1;
  }
  return true;
}

std::size_t FrameReader::headerSize() const {
  if (header_size_ < 2) return 2;
  const int length = static_cast<unsigned char>(header_[1]) & 0x7f;
  const bool masked = (static_cast<unsigned char>(header_[1]) & kMasked) != 0;
  return 2 + (length == 126 ? 2u : length == 127 ? 8u : 0u) + (masked ? 4u : 0u);
}

std::optional<ProtocolError> FrameReader::readHeader() {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(header_.at(at)); };
  final_ = (byte(0) & kFinal) != 0;
  frame_opcode_ = byte(0) & 0x0f;
  const bool compressed = (byte(0) & kCompressed) != 0;
  const bool control = frame_opcode_ >= kClose;
  if ((byte(1) & kMasked) == 0) return ProtocolError{1002, "frames from a client must be masked"};
  if ((byte(0) & 0x30) != 0 || (compressed && (!deflate_ || control || frame_opcode_ == kContinuation)))
    return ProtocolError{1002, "reserved bits are set"};
  const std::size_t size = headerSize();
  left_ = byte(1) & 0x7f;
  if (left_ >= 126) {
    const std::size_t bytes = left_ == 126 ? 2 : 8;
    left_ = 0;
    for (std::size_t i = 0; i < bytes; ++i) left_ = left_ << 8 | byte(2 + i);
  }
  std::copy_n(header_.data() + size - 4, 4, mask_.data());
  mask_at_ = 0;
  if (control) {
    if (frame_opcode_ > kPong) return ProtocolError{1002, "unknown opcode"};
    if (!final_ || left_ > 125) return ProtocolError{1002, "control frames are short and whole"};
    control_ = std::make_unique<std::string>();
    return std::nullopt;
  }
  if (frame_opcode_ > kBinaryFrame) return ProtocolError{1002, "unknown opcode"};
  if ((frame_opcode_ == kContinuation) != (message_opcode_ != 0))
    return ProtocolError{1002, "a message and its continuation do not fit together"};
  if (frame_opcode_ != kContinuation) {
    message_opcode_ = frame_opcode_;
    compressed_ = compressed;
  }
  // Known from the header: nothing of a message that is too long is kept.
  if (left_ > limit_ - message_.size()) return ProtocolError{1009, ""};
  return std::nullopt;
}

std::optional<ProtocolError> FrameReader::feed(std::string_view in, FrameSink &sink) {
  while (true) {
    if (!in_payload_) {
      while (header_size_ < headerSize() && !in.empty()) {
        header_.at(header_size_++) = in.front();
        in.remove_prefix(1);
      }
      if (header_size_ < headerSize()) return std::nullopt;
      if (auto error = readHeader()) return error;
      header_size_ = 0;
      in_payload_ = true;
    }
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
    std::string &out = control_ ? *control_ : message_;
    const std::size_t before = out.size();
    out.append(in.substr(0, taken));
    for (std::size_t i = before; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ mask_.at(mask_at_++ & 3));
    in.remove_prefix(taken);
    left_ -= taken;
    if (left_ > 0) return std::nullopt;
    in_payload_ = false;
    bool go_on = true;
    if (control_) {
      const auto control = std::move(control_);
      go_on = sink.onControl(frame_opcode_, *control);
    } else if (final_) {
      const auto opcode = message_opcode_;
      message_opcode_ = 0;
      go_on = sink.onMessage(opcode, compressed_, std::exchange(message_, {}));
    }
    if (!go_on) return std::nullopt;
  }
}

} // namespace pinion::core::http
