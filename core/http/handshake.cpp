#include "http/handshake.hpp"

#include "http/deflate.hpp"
#include "http/text.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace pinion::core::http {
namespace {

std::string base64(const unsigned char *data, std::size_t size) {
  std::string out(4 * ((size + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char *>(out.data()), data, static_cast<int>(size));
  return out;
}

// 16 bytes are 22 letters and "==".
bool goodKey(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  std::array<unsigned char, 18> out{};
  return EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char *>(key.data()), 24) == 18;
}

std::string acceptKey(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char *>(text.data()), text.size(), digest.data());
  return base64(digest.data(), digest.size());
}

} // namespace

std::variant<Upgrade, UpgradeRefusal> checkUpgrade(const RequestHead &head,
                                                   const std::function<bool(std::string_view)> &origin_allowed) {
  if (head.minor == 0) return UpgradeRefusal{400, "an upgrade needs HTTP/1.1"};
  if (!listContains(head.joined("Connection"), "upgrade"))
    return UpgradeRefusal{400, "the Connection header does not ask for an upgrade"};
  if (!listContains(head.joined("Upgrade"), "websocket"))
    return UpgradeRefusal{400, "the Upgrade header does not name websocket"};
  if (!listContains(head.joined("Sec-WebSocket-Version"), "13"))
    return UpgradeRefusal{400, "only version 13 of the protocol is spoken"};
  const auto *origin = head.find("Origin");
  if (!origin_allowed || !origin_allowed(origin == nullptr ? std::string_view() : std::string_view(*origin)))
    return UpgradeRefusal{403, "the Origin is neither the Panel nor an allowed one"};
  const auto *key = head.find("Sec-WebSocket-Key");
  if (key == nullptr || !goodKey(*key)) return UpgradeRefusal{400, "Sec-WebSocket-Key is not 16 bytes in base64"};
  Upgrade out;
  out.answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
      acceptKey(*key) + "\r\n";
  const auto extensions = agreeOnDeflate(head.joined("Sec-WebSocket-Extensions"));
  if (!extensions.empty()) {
    out.answer += "Sec-WebSocket-Extensions: " + extensions + "\r\n";
    out.deflate = true;
  }
  out.answer += "\r\n";
  return out;
}

} // namespace pinion::core::http
