// One file that is unpacked: written in place, paid for before it grows.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pinion::core::archives {

class FileWriter {
public:
  using Reserve = std::function<Result<void>(std::int64_t bytes)>;
  // `there` is how long the file is now, and counted for. `reserve` may be empty.
  FileWriter(UniqueFd fd, std::string path, std::int64_t there, const Reserve &reserve)
      : fd_(std::move(fd)), path_(std::move(path)), there_(there), counted_(there), reserve_(reserve) {}
  // Cuts the file where writing ended and gives back what was counted beyond.
  ~FileWriter();
  FileWriter(const FileWriter &) = delete;
  FileWriter &operator=(const FileWriter &) = delete;

  // Where the writing goes on from is `at`; what lies between stays a hole, and counts.
  Result<void> write(std::string_view bytes, std::int64_t at);
  // The file is at least this long.
  Result<void> extend(std::int64_t length);
  Result<void> close();
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::int64_t length() const { return end_; }

private:
  Result<void> count(std::int64_t length);

  UniqueFd fd_;
  const std::string path_;
  std::int64_t there_;   // how long the file is
  std::int64_t end_ = 0; // how long it will be
  std::int64_t counted_; // bytes that are paid for
  const Reserve &reserve_;
};

} // namespace pinion::core::archives
