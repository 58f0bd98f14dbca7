// What the kernel knows a folder by for as long as it exists: a later one with its inode number has another handle.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

struct file_handle;

namespace pinion::core {

// Small and without a pointer, as many of them are kept. The same from fanotify and from name_to_handle_at(2).
class FolderHandle {
public:
  static constexpr std::size_t max_bytes = 22; // ext4 8, xfs 12, tmpfs 12, btrfs 20

  // Nothing when it is longer than that.
  static std::optional<FolderHandle> from(const file_handle &handle);
  // Of the entry `name` of `folder`, or of `folder` itself when the name is empty; no link is followed. `mount` becomes
  // the number of the mount it lies on. Nothing, and errno: there is none (ENOENT), or it has no handle that fits.
  static std::optional<FolderHandle> of(int folder, const char *name, int &mount);
  // The folder itself, to be looked at only; `mount` is any descriptor on its filesystem. -1 and errno, ESTALE when it
  // is gone. Needs CAP_DAC_READ_SEARCH.
  [[nodiscard]] int open(int mount) const;

  bool operator==(const FolderHandle &) const = default;
  struct Hash {
    std::size_t operator()(const FolderHandle &handle) const noexcept;
  };

private:
  std::array<unsigned char, max_bytes> bytes_{};
  std::uint8_t length_ = 0, type_ = 0;
};

} // namespace pinion::core
