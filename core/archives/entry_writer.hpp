// Entries into an archive of one of the formats.
#pragma once

#include "archives/bytes.hpp"
#include "archives/kinds.hpp"
#include "archives/tar_header.hpp"

#include <memory>
#include <string_view>

namespace pinion::core::archives {

// For each entry: begin(), for a file exactly `size` bytes by data(); at the end finish(). After a failure nothing
// more.
class EntryWriter {
public:
  EntryWriter() = default;
  EntryWriter(const EntryWriter &) = delete;
  EntryWriter &operator=(const EntryWriter &) = delete;
  virtual ~EntryWriter() = default;
  virtual Result<void> begin(const TarEntry &entry) = 0;
  virtual Result<void> data(std::string_view bytes) = 0;
  virtual Result<void> finish() = 0;
};

// `out` must outlive it; `threads` are for gzip.
Result<std::unique_ptr<EntryWriter>> openWriter(Format format, Level level, std::size_t threads, ByteSink &out);

} // namespace pinion::core::archives
