// permessage-deflate (RFC 7692) without context takeover on either side: a message is compressed alone, so one
// compressed frame serves every socket that agreed to it, and an idle socket keeps no zlib state.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pinion::core::http {

// Shorter payloads are sent as they are. Alone (no context) 128 bytes of JSON shrink by some 30 at most, the frame fits
// the same TCP segment, and both ends would pay several microseconds.
constexpr std::size_t kDeflateThreshold = 128;

// Our window in bits. Small enough for a cheap state a thread; still as large as most messages.
constexpr int kDeflateWindow = 13;

// The compressed payload; empty when it would not be smaller. The zlib state is the thread's.
std::string deflated(std::string_view payload);

enum class Inflated { ok, too_long, bad };
// Stops as soon as more than `limit` bytes come out, whatever the input would swell to.
Inflated inflateMessage(std::string_view payload, std::size_t limit, std::string &out);

// The answer's Sec-WebSocket-Extensions for what the client offers; empty when no offer is acceptable.
std::string agreeOnDeflate(std::string_view offers);

} // namespace pinion::core::http
