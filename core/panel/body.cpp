#include "panel/body.hpp"

#include <algorithm>
#include <charconv>

namespace pinion::core::panel {

namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::size_t kLongestLine = 1024;

Error cutShort() { return {Code::io, "the answer was cut short"}; }
Error malformed() { return {Code::io, "the answer is malformed"}; }

class Reader {
public:
  Reader(Connection &connection, std::size_t largest) : connection_(connection), largest_(largest) {}

  Result<void> exactly(std::size_t count) {
    if (out.size() > largest_ || count > largest_ - out.size())
      return Error{Code::invalid, "the answer is larger than " + std::to_string(largest_ / (1024 * 1024)) + " MiB"};
    while (count > 0) {
      const auto block = std::min(count, kBlock); // memory grows with what arrives, not with what is promised
      const auto before = out.size();
      out.resize(before + block);
      const int got = connection_.read(out.data() + before, static_cast<std::streamsize>(block));
      out.resize(before + static_cast<std::size_t>(std::max(got, 0)));
      if (got <= 0) return cutShort();
      count -= static_cast<std::size_t>(got);
    }
    return {};
  }

  Result<void> toEnd() {
    for (;;) {
      if (out.size() > largest_) return exactly(1); // says that it is too large
      const auto before = out.size();
      out.resize(before + kBlock);
      const int got = connection_.read(out.data() + before, kBlock);
      out.resize(before + static_cast<std::size_t>(std::max(got, 0)));
      if (got <= 0) return {};
    }
  }

  Result<std::string> line() {
    std::string text;
    for (;;) {
      const int c = connection_.get();
      if (c < 0) return cutShort();
      if (c == '\n') break;
      if (text.size() == kLongestLine) return malformed();
      text.push_back(static_cast<char>(c));
    }
    if (!text.empty() && text.back() == '\r') text.pop_back();
    return text;
  }

  Result<void> chunks() {
    for (;;) {
      const auto head = line();
      if (!head) return head.error();
      std::size_t size = 0;
      const char *end = head->data() + head->size();
      const auto [at, failed] = std::from_chars(head->data(), end, size, 16);
      if (failed != std::errc{} || (at != end && *at != ';' && *at != ' ')) return malformed();
      if (size == 0) return trailers();
      if (auto read = exactly(size); !read) return read;
      const auto after = line();
      if (!after) return after.error();
      if (!after->empty()) return malformed();
    }
  }

  std::string out;

private:
  Result<void> trailers() {
    for (int count = 0; count < 64; ++count) {
      const auto text = line();
      if (!text) return text.error();
      if (text->empty()) return {};
    }
    return malformed();
  }

  Connection &connection_;
  std::size_t largest_;
};

} // namespace

Result<std::string> readBody(Connection &connection, const Poco::Net::HTTPResponse &response, std::size_t largest,
                             bool *keep) {
  using Poco::Net::HTTPResponse;
  *keep = response.getKeepAlive();
  const auto status = response.getStatus();
  if (status == HTTPResponse::HTTP_NO_CONTENT || status == HTTPResponse::HTTP_NOT_MODIFIED) return std::string();
  Reader reader(connection, largest);
  Result<void> read;
  if (response.getChunkedTransferEncoding()) {
    read = reader.chunks();
  } else if (response.hasContentLength()) {
    read = reader.exactly(static_cast<std::size_t>(std::max<Poco::Int64>(response.getContentLength64(), 0)));
  } else {
    *keep = false;
    read = reader.toEnd();
  }
  if (!read) {
    *keep = false;
    return read.error();
  }
  return std::move(reader.out);
}

} // namespace pinion::core::panel
