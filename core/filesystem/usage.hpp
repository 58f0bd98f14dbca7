// How the disk use of a server is counted: the sizes of regular files, links not followed, each inode once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <tuple>

namespace pinion::core {

struct Usage {
  std::int64_t bytes = 0;
  std::uint64_t entries = 0;
  bool elsewhere = false; // a file lies on another device than the root
  bool linked = false;    // a file has several names, here or elsewhere
};

// Adds up what a walk comes by.
class UsageCount {
public:
  explicit UsageCount(dev_t device) : device_(device) {}
  // An entry of `folder` of the DT_* type `type`; what it has is added to `of_folder`, too. 0 or an errno; what has
  // gone meanwhile counts nothing.
  int add(int folder, const char *name, unsigned char type, std::int64_t &of_folder);
  [[nodiscard]] const Usage &usage() const { return usage_; }

private:
  const dev_t device_;
  Usage usage_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t>> linked_; // only those that have several names
};

// `sum` += `bytes`, and no further than there are numbers.
void addBytes(std::int64_t &sum, std::int64_t bytes);

} // namespace pinion::core
