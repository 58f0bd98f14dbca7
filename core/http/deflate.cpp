#include "http/deflate.hpp"

#include "http/text.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <set>
#include <utility>

namespace pinion::core::http {
namespace {

// 64 KiB a thread that ever compresses: level 1, a window of 8 KiB, hash memory of 32 KiB.
class Compressor {
public:
  Compressor() { ready_ = deflateInit2(&stream_, 1, Z_DEFLATED, -kDeflateWindow, 6, Z_DEFAULT_STRATEGY) == Z_OK; }
  ~Compressor() {
    if (ready_) deflateEnd(&stream_);
  }
  Compressor(const Compressor &) = delete;
  Compressor &operator=(const Compressor &) = delete;

  std::string run(std::string_view payload) {
    if (!ready_ || deflateReset(&stream_) != Z_OK) return {};
    std::string out(payload.size() + 16, '\0');
    stream_.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(payload.data()));
    stream_.avail_in = static_cast<uInt>(payload.size());
    stream_.next_out = reinterpret_cast<Bytef *>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (::deflate(&stream_, Z_SYNC_FLUSH) != Z_OK || stream_.avail_out == 0 || stream_.avail_in != 0) return {};
    out.resize(out.size() - stream_.avail_out);
    // A sync flush ends in 00 00 FF FF, which RFC 7692 leaves out.
    if (out.size() < 4 || out.size() - 4 >= payload.size()) return {};
    out.resize(out.size() - 4);
    return out;
  }

private:
  z_stream stream_{};
  bool ready_ = false;
};

class Decompressor {
public:
  Decompressor() { ready_ = inflateInit2(&stream_, -15) == Z_OK; }
  ~Decompressor() {
    if (ready_) inflateEnd(&stream_);
  }
  Decompressor(const Decompressor &) = delete;
  Decompressor &operator=(const Decompressor &) = delete;

  Inflated run(std::string_view payload, std::size_t limit, std::string &out) {
    if (!ready_ || inflateReset(&stream_) != Z_OK) return Inflated::bad;
    static constexpr std::string_view kTail("\x00\x00\xff\xff", 4);
    std::array<char, 16384> piece;
    for (const std::string_view part : {payload, kTail}) {
      stream_.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      do {
        stream_.next_out = reinterpret_cast<Bytef *>(piece.data());
        stream_.avail_out = static_cast<uInt>(piece.size());
        const int status = inflate(&stream_, Z_SYNC_FLUSH);
        out.append(piece.data(), piece.size() - stream_.avail_out);
        if (out.size() > limit) return Inflated::too_long;
        if (status == Z_STREAM_END) return Inflated::ok; // a final block ends the message's data
        if (status == Z_BUF_ERROR) break;                // needs more input
        if (status != Z_OK) return Inflated::bad;
      } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    }
    return Inflated::ok;
  }

private:
  z_stream stream_{};
  bool ready_ = false;
};

bool goodWindow(std::string_view value, int &bits) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), bits);
  return parsed.ec == std::errc() && parsed.ptr == value.data() + value.size() && bits >= 8 && bits <= 15;
}

// Our answer to one offer, empty when it cannot be met.
std::string answerTo(std::string_view offer) {
  bool first = true, good = true, names_window = false;
  std::set<std::string, std::less<>> seen;
  anyElement(offer, ';', [&](std::string_view parameter) {
    if (std::exchange(first, false)) {
      good = equalsIgnoringCase(parameter, "permessage-deflate");
      return !good;
    }
    const auto equals = parameter.find('=');
    const auto name = trimmed(parameter.substr(0, equals));
    const bool has_value = equals != std::string_view::npos;
    const auto value = has_value ? trimmed(parameter.substr(equals + 1)) : std::string_view();
    int bits = 15;
    if (!seen.emplace(name).second) {
      good = false;
    } else if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
      good = !has_value;
    } else if (name == "client_max_window_bits") {
      good = !has_value || goodWindow(value, bits);
    } else if (name == "server_max_window_bits") {
      good = has_value && goodWindow(value, bits) && bits >= kDeflateWindow;
      names_window = true;
    } else {
      good = false;
    }
    return !good;
  });
  if (first || !good) return {};
  std::string answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  if (names_window) answer += "; server_max_window_bits=" + std::to_string(kDeflateWindow);
  return answer;
}

} // namespace

std::string deflated(std::string_view payload) {
  if (payload.size() < kDeflateThreshold) return {};
  thread_local const auto compressor = std::make_unique<Compressor>();
  return compressor->run(payload);
}

Inflated inflateMessage(std::string_view payload, std::size_t limit, std::string &out) {
  thread_local const auto decompressor = std::make_unique<Decompressor>();
  return decompressor->run(payload, limit, out);
}

std::string agreeOnDeflate(std::string_view offers) {
  std::string answer;
  anyElement(offers, ',', [&](std::string_view offer) { return !(answer = answerTo(offer)).empty(); });
  return answer;
}

} // namespace pinion::core::http
