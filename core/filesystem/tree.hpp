// The confined filesystem of one server: every file operation on a volume goes through here (contract files.md 1).
// openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS), last component never followed; where the kernel or the setting
// system.openat_mode has no openat2, a walk component by component with O_NOFOLLOW does the same.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "filesystem/ignore.hpp"
#include "filesystem/usage.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

enum class OpenatMode { automatic, openat2, openat };

struct Entry {
  std::string name;
  struct stat info {};
};

// What holds for one on whose behalf something is done, and not for the daemon itself.
struct Terms {
  std::shared_ptr<const Ignore>
      denylist;  // what it names is refused, as it is written and by its real path; may be null
  uid_t uid = 0; // whose all is that gets made
  gid_t gid = 0;
};

// All functions block on the disk: [pool]. Errors: Code::notFound, Code::denied (out of the root, a link where none may
// be, or the denylist), Code::invalid (not a folder, a folder, name too long), Code::busy (exists), Code::io (the rest,
// with errno's text). `detail` is an errno.
class Tree {
public:
  // Opens the root folder itself (made with parents and mode 0755 when `create`).
  static Result<Tree> open(const std::string &root, bool create, OpenatMode mode = OpenatMode::automatic);
  // From now on all is done under these terms. stat, list and openFolder tell of what is denied, too.
  void impose(Terms terms) { terms_ = std::move(terms); }

  // -- looking ------------------------------------------------------------------------------------------------------
  // `flags` are O_* bits; O_NOFOLLOW, O_CLOEXEC, O_NONBLOCK (then cleared) are added: a FIFO never blocks.
  Result<UniqueFd> openFile(std::string_view path, int flags, mode_t mode = 0644) const;
  Result<UniqueFd> openFolder(std::string_view path) const;
  // An entry of an opened folder, for reading: one name, no device, no link.
  static Result<UniqueFd> openIn(int folder, const std::string &name, bool as_folder);
  Result<struct stat> stat(std::string_view path) const; // never follows a final link
  Result<std::vector<Entry>> list(std::string_view path) const;
  // Walks everything. `stopped` is asked now and then.
  Result<Usage> usage(const std::function<bool()> &stopped) const;
  [[nodiscard]] int rootFd() const { return root_.get(); }

  // -- changing -----------------------------------------------------------------------------------------------------
  Result<void> makeFolders(std::string_view path, mode_t mode = 0755) const;
  Result<void> makeParents(std::string_view path) const; // the folders above `path`, when `path` is not denied
  // Never onto something; the folders above `to` are made. Under terms a folder is not moved when something below it is
  // denied where it is or where it would be, or when there is too much below it to look (100,000 entries).
  Result<void> rename(std::string_view from, std::string_view to) const;
  // Recursive; absent is success. The answer: how many bytes of files are gone. Under terms what is denied stays, with
  // the folders above it, and that is success.
  Result<std::int64_t> remove(std::string_view path) const;
  Result<std::int64_t> removeAll() const;                                    // everything below the root
  Result<void> link(const std::string &target, std::string_view path) const; // `target` is kept as it is
  Result<void> chmod(std::string_view path, mode_t mode) const;              // a link: Code::denied
  Result<void> setTimes(std::string_view path, std::int64_t accessed_s, std::int64_t modified_s) const; // likewise
  // Recursive lchown of what differs; specials and links themselves included, never followed.
  Result<void> chown(std::string_view path, uid_t uid, gid_t gid) const;

  // -- whole files --------------------------------------------------------------------------------------------------
  // Called with the bytes that are about to be added, before anything is made; its error ends the work.
  using Reserve = std::function<Result<void>(std::int64_t bytes)>;
  // A regular file to a new one of the same mode; the folders above it are made. Nothing is left when it fails or
  // `stopped` says so. The answer: the bytes of the copy, which may be less than reserved.
  Result<std::int64_t> copy(std::string_view from, std::string_view to, const Reserve &reserve,
                            const std::function<bool()> &stopped) const;
  // A file without a name in the folder `path`, for reading and writing. Where the file system has none (NFS, FUSE) the
  // name is taken away after the creation, and place() copies the bytes.
  Result<UniqueFd> openUnnamed(std::string_view path) const;
  // Puts an unnamed file at `path`; the folders above it are made. A regular file that is there gets the bytes instead,
  // and keeps inode, mode and owner. The answer: the bytes of the file that was there.
  Result<std::int64_t> place(int unnamed, std::string_view path, const std::function<bool()> &stopped) const;

  // The relative path inside the root that `path` means: lexically cleaned; Code::denied when it leads out; the empty
  // string is the root. Embedded NULs and over-long names are refused.
  static Result<std::string> clean(std::string_view path);

private:
  // An entry as its folder and its name there; the root is "." in itself.
  struct Spot {
    UniqueFd folder;
    std::string name;
    std::string path; // clean, as it was asked for
    std::string real; // without links; only under a denylist
    bool denied = false;
  };
  [[nodiscard]] bool hasDenylist() const { return terms_ && terms_->denylist && !terms_->denylist->empty(); }
  Result<Spot> find(std::string_view path) const;    // denied or not
  Result<Spot> allowed(std::string_view path) const; // refuses what is denied
  Result<void> refuse(std::string_view path) const;
  static Error deniedBy(std::string_view path);
  Result<std::string> realPath(int folder) const; // below the root, without links
  Result<void> mayMove(const Spot &from, const Spot &to) const;
  int give(int fd) const; // what was just made, to whom it is for; 0 or an errno
  int removeBelow(UniqueFd folder, const std::string &real, std::int64_t &freed, bool &kept) const;

  UniqueFd root_;
  OpenatMode mode_ = OpenatMode::automatic;
  std::optional<Terms> terms_;
};

} // namespace pinion::core
