// The bytes of each folder of one server, so that after a change only the folders that changed are listed again.
//
//   every change, ours too ─▶ ChangedFolders ──┐
//   first walk ─▶ FolderSums ──────────────────┴─▶ refresh: lists those ─▶ sum of all folders = what a walk would find
//
// The sums know nothing of what reserve() counted: a refresh finds what is on the disk, as a walk does, and DiskUse
// treats what it found as a walk's. That is why our own changes are noted here like anybody's, although they are
// counted already: a folder that both we and the game write is listed whole, its sum is set and not added to, and so
// nothing of ours can be in the figure twice but what a walk at that moment would have there twice (see DiskUse).
#pragma once

#include "base/fd.hpp"
#include "filesystem/folder_handle.hpp"
#include "filesystem/tree.hpp"
#include "filesystem/usage.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace pinion::core {

// Which folders of a server changed since its sums were made.
class ChangedFolders {
public:
  static constexpr std::size_t max_kept = 1024; // about 60 KiB; with more, a walk is no worse

  // `folders`: one was made, moved or removed in it.
  void note(const FolderHandle &folder, bool folders);
  void add(const ChangedFolders &more);
  void noteAll(); // which ones is not known
  [[nodiscard]] bool all() const { return all_; }
  [[nodiscard]] const auto &each() const { return folders_; }

private:
  std::unordered_map<FolderHandle, bool, FolderHandle::Hash> folders_;
  bool all_ = false;
};

// One thread at a time; [pool], as it blocks on the disk.
class FolderSums {
public:
  // How many folders may still be kept, over all servers of the node: about 90 bytes each.
  using Room = std::shared_ptr<std::atomic<std::int64_t>>;
  explicit FolderSums(Room room) : room_(std::move(room)) {}
  ~FolderSums() { clear(); }
  FolderSums(const FolderSums &) = delete;
  FolderSums &operator=(const FolderSums &) = delete;

  // Goes through everything, as Tree::usage does. Afterwards holds() tells whether sums were kept: they are not where
  // files have several names, something is mounted inside, folders have no handles, or no room is left.
  Result<Usage> walk(const Tree &tree, const std::function<bool()> &stopped);
  [[nodiscard]] bool holds() const { return holds_; }

  struct Refreshed {
    std::int64_t bytes = 0;
    bool again = false; // something of it is told only later: look again at the next check
  };
  // Where a folder of this server is now, below its root. Nothing: it is gone, or another server's. An error: that
  // cannot be found out.
  using PathOf = std::function<Result<std::optional<std::string>>(const FolderHandle &)>;
  // Every change since the last walk or refresh began must be in `changed`; those from then on may be in it or in the
  // next one's. Code::cancelled when stopped; any other error: everything has to be walked, holds() no more.
  Result<Refreshed> refresh(const Tree &tree, const ChangedFolders &changed, const PathOf &path_of,
                            const std::function<bool()> &stopped);

private:
  enum class Fate : std::uint8_t { open, asked, stays, goes };
  struct Folder {
    std::int64_t bytes = 0; // of the files in it, and not in its folders
    Folder *above = nullptr;
    bool listed = false; // its folders are looked for in this refresh
    bool lost = false;   // and this one was not found where it was
    Fate fate = Fate::open;
  };
  class Listing;

  void clear();
  Folder *put(const FolderHandle &handle, Folder *above); // null: no room
  int collect(UniqueFd fd, Folder &top, UsageCount &count, const std::function<bool()> &stopped);
  int dropLost();

  Room room_;
  std::unordered_map<FolderHandle, Folder, FolderHandle::Hash> folders_;
  FolderHandle root_;
  int mount_ = 0;
  bool holds_ = false;
};

} // namespace pinion::core
