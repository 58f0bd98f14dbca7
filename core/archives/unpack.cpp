#include "archives/unpack.hpp"

#include "archives/entry_reader.hpp"
#include "archives/file_writer.hpp"
#include "archives/idle_priority.hpp"
#include "filesystem/beneath.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace pinion::core::archives {

namespace {

constexpr std::uint64_t kGenerous = std::uint64_t{1} << 30; // bytes out before the ratio is looked at
constexpr std::size_t kBeginning = 512;
constexpr std::size_t kCopied = 256 * 1024;      // at once
constexpr std::size_t kMostLinkBytes = 32 << 20; // of links that wait for the end

Error cancelled() { return {Code::cancelled, "the archive was cancelled", ECANCELED}; }
Error tooMuch(const std::string &what) { return {Code::full, what, E2BIG}; }
Error unknown() { return {Code::invalid, "the file is no archive of a known format", EPROTONOSUPPORT}; }

bool isDenied(const Error &error) { return error.code == Code::denied && error.detail == EACCES; }

class Unpacking {
public:
  Unpacking(const Tree &tree, int in, const UnpackOptions &options, const UnpackHooks &hooks)
      : tree_(tree), options_(options), hooks_(hooks), file_(in, hooks.stopped) {}

  Result<Unpacked> run() {
    auto beginning = file_.peek(kBeginning);
    if (!beginning) return beginning.error();
    kind_ = kindOf(*beginning, options_.name);
    if (file_.seekable()) file_.seek(0);
    if (auto made = tree_.makeFolders(options_.root); !made && !isDenied(made.error())) return made.error();
    if (auto fits = checkFirst(); !fits) return fits.error();
    auto reader = EntryReader::open(file_, kind_);
    if (!reader) return reader.error();
    while (true) {
      auto entry = (*reader)->next();
      if (!entry) return entry.error();
      if (*entry == nullptr) break;
      if (auto one = unpackOne(**reader, *entry); !one) return one.error();
    }
    if (unpacked_.entries + unpacked_.passed_over == 0 && !kind_.single.empty())
      if (auto empty = emptySingle(); !empty) return empty.error();
    if (auto made = makeLinks(); !made) return made.error();
    unpacked_.format = (*reader)->format();
    tell("");
    return std::move(unpacked_);
  }

private:
  // Where an entry goes; empty for the root itself. ".." is dealt with as the contract says, by the form of the root.
  Result<std::string> placeOf(EntryReader &reader, archive_entry *entry) const {
    std::string name;
    if (reader.single()) {
      if (kind_.single.empty()) return unknown();
      name = kind_.single;
    } else if (const char *bytes = archive_entry_pathname(entry); bytes != nullptr) {
      name = bytes;
    } else if (const char *text = archive_entry_pathname_utf8(entry); text != nullptr) {
      name = text;
    } else {
      return damaged("an entry's name cannot be read");
    }
    return Tree::clean(options_.root + "/" + name);
  }

  bool denied(const std::string &path) const { return hooks_.denied && hooks_.denied(path); }

  // Adds up what the entries say they hold before anything is written. What they really hold is counted later.
  Result<void> checkFirst() {
    if (!options_.check_first || !hooks_.room || !file_.seekable()) return {};
    auto room = hooks_.room();
    if (!room) return room.error();
    const std::int64_t most = std::max<std::int64_t>(0, *room);
    auto reader = EntryReader::open(file_, kind_);
    if (!reader) return reader.error();
    std::uint64_t entries = 0;
    for (;;) {
      auto entry = (*reader)->next();
      if (!entry) return entry.error();
      if (*entry == nullptr) break;
      if (++entries > options_.limits.entries) return tooManyEntries();
      if (hooks_.stopped && hooks_.stopped()) return cancelled();
      auto path = placeOf(**reader, *entry);
      if (!path) return path.error();
      if (archive_entry_hardlink(*entry) != nullptr || archive_entry_filetype(*entry) == AE_IFDIR || denied(*path))
        continue;
      auto size = sizeOf(**reader, *entry, most);
      if (!size) return size.error();
      if (*size < 0 || __builtin_add_overflow(total_, *size, &total_) || total_ > most)
        return beneath::failure(EDQUOT, "what is in the archive");
    }
    file_.seek(0);
    return {};
  }

  // What the entry says, or what there is of it where it says nothing.
  Result<std::int64_t> sizeOf(EntryReader &reader, archive_entry *entry, std::int64_t most) const {
    if (archive_entry_size_is_set(entry) != 0) return archive_entry_size(entry);
    std::int64_t end = 0;
    while (end <= most) {
      auto piece = reader.data();
      if (!piece) return piece.error();
      if (!*piece) break;
      end = std::max(end, (**piece).at + static_cast<std::int64_t>((**piece).length));
      if (hooks_.stopped && hooks_.stopped()) return cancelled();
    }
    return end;
  }

  Error tooManyEntries() const {
    return tooMuch("the archive holds more than " + std::to_string(options_.limits.entries) + " entries");
  }

  Result<void> unpackOne(EntryReader &reader, archive_entry *entry) {
    if (hooks_.stopped && hooks_.stopped()) return cancelled();
    if (unpacked_.entries + unpacked_.passed_over >= options_.limits.entries) return tooManyEntries();
    auto path = placeOf(reader, entry);
    if (!path) return path.error();
    const auto type = archive_entry_filetype(entry);
    Result<void> done;
    if (path->empty() || denied(*path)) {
      ++unpacked_.passed_over;
      return {};
    }
    if (const char *target = archive_entry_hardlink(entry); target != nullptr)
      done = hardLink(target, entry, *path);
    else if (type == AE_IFREG || type == 0)
      done = file(reader, entry, *path);
    else if (type == AE_IFDIR)
      done = folder(entry, *path);
    else if (type == AE_IFLNK && options_.links)
      done = keepLink(entry, std::move(*path));
    else
      ++unpacked_.passed_over;
    if (done || !isDenied(done.error())) return done;
    ++unpacked_.passed_over;
    return {};
  }

  Result<void> file(EntryReader &reader, archive_entry *entry, const std::string &path) {
    const mode_t mode = reader.single() ? 0644 : archive_entry_perm(entry) & 0777;
    auto writer = open(path, mode);
    if (!writer) return writer.error();
    for (;;) {
      auto piece = reader.data();
      if (!piece) return piece.error();
      if (!*piece) break;
      if (auto done = put(**writer, {(**piece).bytes, (**piece).length}, (**piece).at, path); !done) return done;
    }
    if (archive_entry_sparse_count(entry) > 0 && archive_entry_size_is_set(entry) != 0) {
      const std::int64_t length = archive_entry_size(entry);
      if (auto bounded = bound(length - std::min(length, (*writer)->length())); !bounded) return bounded;
      if (auto done = (*writer)->extend(length); !done) return done;
    }
    return finish(**writer, entry, path);
  }

  Result<void> finish(FileWriter &writer, archive_entry *entry, const std::string &path) {
    if (archive_entry_mtime_is_set(entry) != 0) {
      const timespec times[2] = {{0, UTIME_OMIT}, {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)}};
      const int kept = ::dup(writer.fd());
      const UniqueFd again(kept); // the end of writing would change the time
      if (auto closed = writer.close(); !closed) return closed;
      if (again) (void)::futimens(again.get(), times); // a time that the file system cannot hold is no failure
    } else if (auto closed = writer.close(); !closed) {
      return closed;
    }
    ++unpacked_.entries;
    tell(path);
    return {};
  }

  // Beyond the limits whatever the disk would take; `more` bytes are about to be written.
  Result<void> bound(std::int64_t more) {
    unpacked_.bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(0, more));
    const UnpackLimits &limits = options_.limits;
    if (limits.bytes != 0 && unpacked_.bytes > limits.bytes)
      return tooMuch("the archive holds more than " + std::to_string(limits.bytes) + " bytes");
    const std::uint64_t in = file_.seekable() ? static_cast<std::uint64_t>(file_.size()) : file_.bytes();
    if (limits.ratio != 0 && unpacked_.bytes > kGenerous && unpacked_.bytes / limits.ratio > in)
      return tooMuch("the archive holds more than " + std::to_string(limits.ratio) + " times its own size");
    return {};
  }

  Result<void> put(FileWriter &writer, std::string_view bytes, std::int64_t at, const std::string &path) {
    if (hooks_.stopped && hooks_.stopped()) return cancelled();
    std::int64_t end = 0;
    if (at < 0 || __builtin_add_overflow(at, static_cast<std::int64_t>(bytes.size()), &end))
      return damaged("a file of an impossible size");
    if (auto bounded = bound(end - std::min(end, writer.length())); !bounded) return bounded;
    if (auto written = writer.write(bytes, at); !written) return written;
    tell(path);
    return {};
  }

  // A file to write: new with the entry's mode, or the one that is there.
  Result<std::unique_ptr<FileWriter>> open(const std::string &path, mode_t mode) {
    auto opened = openNew(path, mode);
    if (opened) return std::make_unique<FileWriter>(std::move(*opened), path, 0, hooks_.reserve);
    if (opened.error().detail != EEXIST) return opened.error();
    opened = tree_.openFile(path, O_WRONLY);
    if (!opened && options_.links && isLink(path)) {
      if (auto gone = tree_.remove(path); !gone) return gone.error();
      opened = openNew(path, mode);
    }
    if (!opened) return opened.error();
    struct stat info {};
    if (::fstat(opened->get(), &info) != 0) return beneath::failure(errno, path);
    if (!S_ISREG(info.st_mode)) return beneath::failure(ENXIO, path);
    if (options_.links) (void)::fchmod(opened->get(), mode);
    return std::make_unique<FileWriter>(std::move(*opened), path, info.st_size, hooks_.reserve);
  }

  Result<UniqueFd> openNew(const std::string &path, mode_t mode) {
    auto opened = tree_.openFile(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (opened || opened.error().detail != ENOENT) return opened;
    if (auto made = tree_.makeParents(path); !made) return made.error();
    return tree_.openFile(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  }

  bool isLink(const std::string &path) const {
    const auto info = tree_.stat(path);
    return info && S_ISLNK(info->st_mode);
  }

  Result<void> folder(archive_entry *entry, const std::string &path) {
    if (auto made = tree_.makeParents(path); !made) return made;
    if (auto made = tree_.makeFolders(path, 0700 | (archive_entry_perm(entry) & 0777)); !made) return made;
    ++unpacked_.entries;
    tell(path);
    return {};
  }

  // The bytes of an entry that came before, or of a file that is there: the same that a user could copy.
  Result<void> hardLink(const char *target, archive_entry *entry, const std::string &path) {
    auto from = Tree::clean(options_.root + "/" + target);
    if (!from || *from == path || denied(*from)) {
      ++unpacked_.passed_over;
      return {};
    }
    auto source = tree_.openFile(*from, O_RDONLY);
    struct stat info {};
    if (!source || ::fstat(source->get(), &info) != 0 || !S_ISREG(info.st_mode)) {
      ++unpacked_.passed_over;
      return {};
    }
    if (const auto there = tree_.stat(path); there && there->st_dev == info.st_dev && there->st_ino == info.st_ino) {
      ++unpacked_.entries; // two names of one file already
      return {};
    }
    auto writer = open(path, info.st_mode & 0777);
    if (!writer) return writer.error();
    std::vector<char> piece(kCopied);
    for (std::int64_t at = 0;;) {
      const ssize_t got = ::pread(source->get(), piece.data(), piece.size(), at);
      if (got < 0) return beneath::failure(errno, *from);
      if (got == 0) break;
      if (auto done = put(**writer, {piece.data(), static_cast<std::size_t>(got)}, at, path); !done) return done;
      at += got;
    }
    return finish(**writer, entry, path);
  }

  // A single compressed file of nothing has no entry to tell of it.
  Result<void> emptySingle() {
    auto path = Tree::clean(options_.root + "/" + kind_.single);
    if (!path) return path.error();
    if (denied(*path)) return {};
    auto writer = open(*path, 0644);
    if (!writer) return writer.error();
    ++unpacked_.entries;
    return (*writer)->close();
  }

  struct Link {
    std::string path, target;
  };
  Result<void> keepLink(archive_entry *entry, std::string path) {
    const char *target = archive_entry_symlink(entry);
    if (target == nullptr || *target == '\0') {
      ++unpacked_.passed_over;
      return {};
    }
    link_bytes_ += path.size() + std::char_traits<char>::length(target) + sizeof(Link);
    if (link_bytes_ > kMostLinkBytes) return tooMuch("the archive holds too many links");
    links_.push_back({std::move(path), target});
    return {};
  }

  // Last, so that nothing was written through one. A folder in the way stays.
  Result<void> makeLinks() {
    for (const Link &link : links_) {
      if (hooks_.stopped && hooks_.stopped()) return cancelled();
      Result<void> made = makeLink(link);
      if (!made && !isDenied(made.error()) && made.error().detail != EISDIR) return made;
      ++(made ? unpacked_.entries : unpacked_.passed_over);
    }
    return {};
  }

  Result<void> makeLink(const Link &link) const {
    if (auto made = tree_.makeParents(link.path); !made) return made;
    if (const auto there = tree_.stat(link.path); there) {
      if (S_ISDIR(there->st_mode)) return beneath::failure(EISDIR, link.path);
      const auto gone = tree_.remove(link.path);
      if (!gone) return gone.error();
      if (hooks_.reserve && *gone > 0) (void)hooks_.reserve(-*gone);
    }
    return tree_.link(link.target, link.path);
  }

  void tell(std::string_view name) const {
    if (hooks_.told) hooks_.told({unpacked_.bytes, static_cast<std::uint64_t>(total_), unpacked_.entries, name});
  }

  const Tree &tree_;
  const UnpackOptions &options_;
  const UnpackHooks &hooks_;
  const IdlePriority priority_;
  FileSource file_;
  Kind kind_;
  std::int64_t total_ = 0;
  std::vector<Link> links_;
  std::size_t link_bytes_ = 0;
  Unpacked unpacked_;
};

} // namespace

Result<Unpacked> unpack(const Tree &tree, int in, const UnpackOptions &options, const UnpackHooks &hooks) {
  return Unpacking(tree, in, options, hooks).run();
}

} // namespace pinion::core::archives
