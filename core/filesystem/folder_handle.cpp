#include "filesystem/folder_handle.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace pinion::core {

namespace {

struct alignas(file_handle) Room {
  char bytes[sizeof(file_handle) + MAX_HANDLE_SZ];
  file_handle *get() { return reinterpret_cast<file_handle *>(bytes); }
};

} // namespace

std::optional<FolderHandle> FolderHandle::from(const file_handle &handle) {
  FolderHandle out;
  if (handle.handle_bytes > max_bytes || handle.handle_type < 0 || handle.handle_type > UINT8_MAX) {
    errno = EOVERFLOW;
    return std::nullopt;
  }
  std::memcpy(out.bytes_.data(), handle.f_handle, handle.handle_bytes);
  out.length_ = static_cast<std::uint8_t>(handle.handle_bytes);
  out.type_ = static_cast<std::uint8_t>(handle.handle_type);
  return out;
}

std::optional<FolderHandle> FolderHandle::of(int folder, const char *name, int &mount) {
  Room room;
  room.get()->handle_bytes = MAX_HANDLE_SZ;
  if (::name_to_handle_at(folder, name, room.get(), &mount, *name == '\0' ? AT_EMPTY_PATH : 0) != 0)
    return std::nullopt;
  return from(*room.get());
}

int FolderHandle::open(int mount) const {
  Room room;
  room.get()->handle_bytes = length_;
  room.get()->handle_type = type_;
  std::memcpy(room.get()->f_handle, bytes_.data(), length_);
  return ::open_by_handle_at(mount, room.get(), O_PATH | O_CLOEXEC);
}

std::size_t FolderHandle::Hash::operator()(const FolderHandle &handle) const noexcept {
  return std::hash<std::string_view>()(
      std::string_view(reinterpret_cast<const char *>(handle.bytes_.data()), handle.length_));
}

} // namespace pinion::core
