// Where the bytes of an archive go to and come from: one direction each, a piece at a time, on one thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string_view>

namespace pinion::core::archives {

class ByteSink {
public:
  ByteSink() = default;
  ByteSink(const ByteSink &) = delete;
  ByteSink &operator=(const ByteSink &) = delete;
  virtual ~ByteSink() = default;
  virtual Result<void> write(std::string_view bytes) = 0;
  virtual Result<void> finish() = 0; // once, at the end; without it what was written is not whole
};

class ByteSource {
public:
  ByteSource() = default;
  ByteSource(const ByteSource &) = delete;
  ByteSource &operator=(const ByteSource &) = delete;
  virtual ~ByteSource() = default;
  // How many bytes came, 0 at the end.
  virtual Result<std::size_t> read(char *into, std::size_t room) = 0;
};

} // namespace pinion::core::archives
