// The body of another host's answer, as it comes: by its length, by its chunks, or to the connection's end. It is
// whole, or an error says that it was cut short.
#pragma once

#include "outbound/dial.hpp"

#include <Poco/Net/HTTPResponse.h>

#include <cstdint>
#include <string>

namespace pinion::core::outbound {

// Used by one thread at a time. All that reads blocks up to the connection's deadline and throws its Poco exceptions
// (Poco::TimeoutException at the deadline). After a failure nothing more may be read.
class BodyReader {
public:
  // `response` is the head that `connection` received last, `to_head` says that it answers a HEAD. The connection must
  // outlive the reader. Code::io: the length is no number.
  static Result<BodyReader> of(Connection &connection, const Poco::Net::HTTPResponse &response, bool to_head = false);

  // Up to `capacity` bytes; 0 at the true end. Code::io: cut short or malformed.
  Result<std::size_t> read(char *buffer, std::size_t capacity);
  // All that is left. Memory grows with what arrives, not with what is promised. Code::io as above; Code::invalid: it
  // is larger than `largest` bytes, or says that it will be.
  Result<std::string> readWhole(std::size_t largest);
  // Whether the connection stands at the start of its next answer.
  [[nodiscard]] bool atNextAnswer() const { return over_ && framing_ != Framing::to_end; }

private:
  enum class Framing { none, length, chunked, to_end };
  BodyReader(Connection &connection, Framing framing, std::uint64_t left)
      : connection_(&connection), framing_(framing), left_(left),
        over_(framing == Framing::none || (framing == Framing::length && left == 0)) {}
  Result<void> nextChunk();
  Result<void> skipTrailers();
  Result<std::string> line();

  Connection *connection_;
  Framing framing_;
  std::uint64_t left_; // of the length or the chunk
  bool over_;
};

} // namespace pinion::core::outbound
