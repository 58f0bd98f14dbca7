#include "http/frame_codec.hpp"

#include "http/deflate.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <vector>

using namespace pinion::core::http;

namespace {

struct Seen final : FrameSink {
  struct One {
    int opcode;
    bool compressed;
    std::string payload;
    bool operator==(const One &) const = default;
  };
  std::vector<One> all;
  bool onMessage(std::uint8_t opcode, bool compressed, std::string payload) override {
    all.push_back({opcode, compressed, std::move(payload)});
    return true;
  }
  bool onControl(std::uint8_t opcode, std::string_view payload) override {
    all.push_back({opcode, false, std::string(payload)});
    return true;
  }
};

std::string clientFrame(int first, std::string_view payload, bool masked = true) {
  std::string out{static_cast<char>(first)};
  const int mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(mask_bit | static_cast<int>(payload.size())));
  } else if (payload.size() < 65536) {
    out += {static_cast<char>(mask_bit | 126), static_cast<char>(payload.size() >> 8),
            static_cast<char>(payload.size() & 0xff)};
  } else {
    out.push_back(static_cast<char>(mask_bit | 127));
    for (int i = 7; i >= 0; --i) out.push_back(static_cast<char>(payload.size() >> (8 * i)));
  }
  if (!masked) return out + std::string(payload);
  const std::string mask = "\x11\x22\xf3\x44";
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return out;
}

int errorOf(const std::string &bytes, bool deflate = false, std::uint32_t limit = 4096) {
  Seen seen;
  FrameReader reader(deflate, limit);
  const auto error = reader.feed(bytes, seen);
  return error ? error->code : 0;
}

} // namespace

TEST_CASE("Messages are read however they are cut, with pings between their fragments") {
  const std::string bytes = clientFrame(0x01, "{\"a\"") + clientFrame(0x89, "hey") + clientFrame(0x00, ":") +
                            clientFrame(0x80, "1}") + clientFrame(0x82, "\x01\x02") +
                            clientFrame(0x81, std::string(300, 'x')) + clientFrame(0x81, "");
  const std::vector<Seen::One> expected{{kPing, false, "hey"},
                                        {kTextFrame, false, "{\"a\":1}"},
                                        {kBinaryFrame, false, "\x01\x02"},
                                        {kTextFrame, false, std::string(300, 'x')},
                                        {kTextFrame, false, ""}};
  for (const std::size_t step : {1u, 2u, 5u, 13u, 10000u}) {
    Seen seen;
    FrameReader reader(false, 4096);
    for (std::size_t i = 0; i < bytes.size(); i += step)
      REQUIRE_FALSE(reader.feed(std::string_view(bytes).substr(i, step), seen));
    CHECK(seen.all == expected);
  }
}

TEST_CASE("Frames that break the protocol are refused with 1002") {
  CHECK(errorOf(clientFrame(0x81, "plain", false)) == 1002);
  CHECK(errorOf(clientFrame(0xc1, "x")) == 1002);       // compressed, not agreed
  CHECK(errorOf(clientFrame(0xa1, "x"), true) == 1002); // another reserved bit
  CHECK(errorOf(clientFrame(0x83, "x")) == 1002);
  CHECK(errorOf(clientFrame(0x8b, "x")) == 1002);
  CHECK(errorOf(clientFrame(0x80, "x")) == 1002);                          // continues nothing
  CHECK(errorOf(clientFrame(0x01, "x") + clientFrame(0x81, "y")) == 1002); // begins anew within a message
  CHECK(errorOf(clientFrame(0x09, "x")) == 1002);                          // a control frame in pieces
  CHECK(errorOf(clientFrame(0x89, std::string(126, 'x'))) == 1002);
  CHECK(errorOf(clientFrame(0xc9, "x"), true) == 1002); // a compressed control frame
  CHECK(errorOf(clientFrame(0x41, "x") + clientFrame(0xc0, "x"), true) == 1002);
}

TEST_CASE("A message over the wire limit ends with 1009, before its payload came") {
  CHECK(errorOf(clientFrame(0x81, std::string(4096, 'x'))) == 0);
  CHECK(errorOf(clientFrame(0x81, std::string(4097, 'x'))) == 1009);
  CHECK(errorOf(clientFrame(0x81, std::string(4097, 'x')).substr(0, 8)) == 1009);
  CHECK(errorOf(clientFrame(0x01, std::string(4000, 'x')) + clientFrame(0x80, std::string(97, 'x'))) == 1009);
  std::string huge = clientFrame(0x81, std::string(70000, 'x')).substr(0, 14);
  huge.replace(2, 8, std::string(8, '\xff'));
  CHECK(errorOf(huge) == 1009);
}

TEST_CASE("A frame is encoded with the shortest length and without a mask") {
  CHECK(Frame(kTextFrame, "hi").plain() == "\x81\x02hi");
  CHECK(Frame(kTextFrame, std::string(126, 'a')).plain().substr(0, 4) == std::string("\x81\x7e\x00\x7e", 4));
  CHECK(Frame(kBinaryFrame, std::string(65536, 'a')).plain().substr(0, 10) ==
        std::string("\x82\x7f\0\0\0\0\0\1\0\0", 10));
}

TEST_CASE("A compressed frame inflates to its payload, and is only made when it is smaller") {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "[12:00:00] [Server thread/INFO]: line " + std::to_string(i) + "\n";
  const Frame frame(kTextFrame, text);
  REQUIRE(frame.packed().size() < frame.plain().size());
  CHECK(static_cast<unsigned char>(frame.packed()[0]) == 0xc1);
  CHECK(&frame.packed() == &frame.packed());
  std::string out;
  CHECK(inflateMessage(std::string_view(frame.packed()).substr(4), 100000, out) == Inflated::ok);
  CHECK(out == text);
  const Frame small(kTextFrame, std::string(kDeflateThreshold - 1, 'a'));
  CHECK(small.packed() == small.plain());
  std::mt19937 random(1);
  std::string noise(1000, '\0');
  for (auto &c : noise) c = static_cast<char>(random());
  const Frame noisy(kBinaryFrame, noise);
  CHECK(noisy.packed() == noisy.plain());
  const Frame control(kPing, std::string(125, 'a'));
  CHECK(control.packed() == control.plain());
}

TEST_CASE("Inflating stops at the limit, and at what is no deflate") {
  const Frame bomb(kTextFrame, std::string(3'000'000, 'a'));
  std::string out;
  CHECK(inflateMessage(std::string_view(bomb.packed()).substr(4), 32768, out) == Inflated::too_long);
  CHECK(out.size() < 32768 + 20000);
  out.clear();
  CHECK(inflateMessage("\xff\xff\xff\xff", 100, out) == Inflated::bad);
  const Frame exact(kTextFrame, std::string(1000, 'a'));
  out.clear();
  CHECK(inflateMessage(std::string_view(exact.packed()).substr(2), 1000, out) == Inflated::ok);
  out.clear();
  CHECK(inflateMessage(std::string_view(exact.packed()).substr(2), 999, out) == Inflated::too_long);
}

TEST_CASE("Close frames carry a code that may be sent and a reason that fits") {
  CHECK(closePayload(1005, "x").empty());
  CHECK(closePayload(4409, "server is suspended") == std::string("\x11\x39", 2) + "server is suspended");
  CHECK(closePayload(1000, std::string(200, 'x')).size() == 125);
  CHECK(isUtf8(closePayload(1000, std::string(122, 'x') + "\xc3\xa4").substr(2)));
  for (const int code : {1000, 1001, 1003, 1011, 3000, 4999})
    CHECK(closeCodeMayBeReceived(static_cast<std::uint16_t>(code)));
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 2000, 5000})
    CHECK_FALSE(closeCodeMayBeReceived(static_cast<std::uint16_t>(code)));
}

TEST_CASE("UTF-8 is told from what only looks like it") {
  for (const auto *good :
       {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
    CHECK(isUtf8(good));
  for (const auto *bad : {"\x80", "\xc0\xaf", "\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff"})
    CHECK_FALSE(isUtf8(bad));
}
