// Finds the end of a request's body and takes the chunked coding off it, piece by piece.
#pragma once

#include "http/request_head.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pinion::core::http {

class BodyDecoder {
public:
  enum class State { more, done, bad };

  BodyDecoder() = default; // no body
  explicit BodyDecoder(const RequestHead &head);

  // Appends what `in` holds of the body to `out` and takes it off `in`; what follows the body stays in `in`.
  State feed(std::string_view &in, std::string &out);
  // So many bytes of a body of known length were read elsewhere.
  void skip(std::uint64_t bytes);
  [[nodiscard]] bool done() const { return step_ == Step::done; }
  // How much is still to come; nothing when the client did not say.
  [[nodiscard]] std::optional<std::uint64_t> left() const;

private:
  enum class Step : std::uint8_t { length, chunk_size, chunk, chunk_end, trailer, done, bad };
  bool readLine(std::string_view &in); // true when line_ holds a whole line
  void readChunkSize();

  Step step_ = Step::done;
  bool chunked_ = false;
  std::uint64_t left_ = 0;
  std::string line_;
  std::size_t trailer_bytes_ = 0;
};

} // namespace pinion::core::http
