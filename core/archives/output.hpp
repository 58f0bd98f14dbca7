// The finished archive on its way into a descriptor: counted, limited, slowed down and summed up.
#pragma once

#include "archives/bytes.hpp"
#include "archives/kinds.hpp"

#include <chrono>
#include <memory>
#include <string>

struct evp_md_ctx_st;

namespace pinion::core::archives {

class Output final : public ByteSink {
public:
  struct Options {
    std::uint64_t limit = 0; // bytes; 0: none
    std::uint64_t rate = 0;  // bytes a second, one second's worth at once; 0: none
    Checksum checksum = Checksum::none;
  };
  // The descriptor stays the caller's. A pipe or a socket is made non-blocking while this lives.
  Output(int fd, const Options &options, Stopped stopped);
  ~Output() override;

  // Code::full beyond the limit, Code::timeout when the reader of a pipe takes nothing for ten minutes.
  Result<void> write(std::string_view bytes) override;
  Result<void> finish() override; // the checksum
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] const std::string &checksum() const { return checksum_; }

private:
  struct Free {
    void operator()(evp_md_ctx_st *context) const;
  };
  Result<void> put(std::string_view bytes);
  Result<void> waitForReader();
  Result<void> waitForTurn(std::size_t bytes);

  const int fd_;
  const Options options_;
  const Stopped stopped_;
  int flags_ = -1; // to be put back
  std::unique_ptr<evp_md_ctx_st, Free> digest_;
  std::uint64_t bytes_ = 0;
  double allowance_ = 0; // bytes that may go now
  std::chrono::steady_clock::time_point refilled_;
  std::string checksum_;
};

} // namespace pinion::core::archives
