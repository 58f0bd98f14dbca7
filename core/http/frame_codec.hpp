// WebSocket frames (RFC 6455): what a client sends is read piece by piece, what we send is written once for all.
//
// Text is passed on as it came, valid UTF-8 or not: the protocol's messages are JSON, and what does not parse is passed
// over there while the socket stays open (contract websocket.md 2).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pinion::core::http {

enum Opcode : std::uint8_t { kContinuation = 0, kTextFrame = 1, kBinaryFrame = 2, kClose = 8, kPing = 9, kPong = 10 };

// One message to send, encoded once; shared by all sockets it is queued on. Thread-safe.
class Frame {
public:
  Frame(std::uint8_t opcode, std::string_view payload);
  explicit Frame(std::string raw); // bytes that are no frame: the answer to the handshake
  [[nodiscard]] const std::string &plain() const { return plain_; }
  // The compressed frame, made on first use; the plain one when compressing gains nothing.
  [[nodiscard]] const std::string &packed() const;

private:
  std::string plain_;
  std::size_t header_ = 0; // bytes of plain_ before the payload; 0: raw or a control frame, never compressed
  mutable std::once_flag once_;
  mutable std::string packed_;
};
using FramePtr = std::shared_ptr<const Frame>;

// The payload of a close frame. Code 1005 means none.
std::string closePayload(std::uint16_t code, std::string_view reason);
[[nodiscard]] bool closeCodeMayBeReceived(std::uint16_t code);
[[nodiscard]] bool isUtf8(std::string_view text);

class FrameSink {
public:
  // A whole message; `compressed` when the client deflated it. False: stop reading.
  virtual bool onMessage(std::uint8_t opcode, bool compressed, std::string payload) = 0;
  virtual bool onControl(std::uint8_t opcode, std::string_view payload) = 0;

protected:
  ~FrameSink() = default;
};

struct ProtocolError {
  std::uint16_t code;
  std::string_view reason;
};

// Reads what one client sends. Keeps nothing between messages but a few bytes.
class FrameReader {
public:
  FrameReader(bool deflate_agreed, std::uint32_t max_wire_bytes) : limit_(max_wire_bytes), deflate_(deflate_agreed) {}
  // The first error ends reading: what follows cannot be made sense of.
  std::optional<ProtocolError> feed(std::string_view in, FrameSink &sink);

private:
  std::optional<ProtocolError> readHeader();
  [[nodiscard]] std::size_t headerSize() const;

  std::string message_;    // of the message under way
  std::uint64_t left_ = 0; // of the frame's payload
  std::uint32_t limit_;
  std::uint32_t mask_at_ = 0;
  std::array<char, 14> header_{};
  std::uint8_t header_size_ = 0;
  std::array<char, 4> mask_{};
  std::uint8_t message_opcode_ = 0; // 0: none under way
  std::uint8_t frame_opcode_ = 0;
  bool in_payload_ = false;
  bool final_ = false;
  bool compressed_ = false;
  bool deflate_;
  std::unique_ptr<std::string> control_; // payload of the control frame under way
};

} // namespace pinion::core::http
