// gzip on several threads: the bytes are cut into blocks of 1 MiB, each is deflated on its own with the end of the one
// before as its dictionary, and all of them in order make one member that every reader of gzip understands.
#pragma once

#include "archives/bytes.hpp"
#include "archives/kinds.hpp"

#include <memory>

namespace pinion::core::archives {

// Threads ("archive-0" …) are started with the second block and joined in the destructor. Memory: about 2.2 MiB for
// each thread and two more.
class GzipSink final : public ByteSink {
public:
  GzipSink(ByteSink &out, Level level, std::size_t threads);
  ~GzipSink() override;
  Result<void> write(std::string_view bytes) override;
  Result<void> finish() override;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace pinion::core::archives
