// The entries of an archive of any known format, one after another.
#pragma once

#include "archives/library.hpp"
#include "archives/sources.hpp"

#include <optional>
#include <string>

namespace pinion::core::archives {

// What the first bytes and the name say. `single` is what the content of a single compressed file is called: the name
// without its ending, empty when it has none.
struct Kind {
  std::string words; // "tar.gz", for the answer
  std::optional<Coding> coding;
  int filter = 0; // libarchive's, 0: none
  std::string single;
  bool begins_as_zip = false;
};
Kind kindOf(std::string_view beginning, std::string_view name);

class EntryReader {
public:
  // `file` must outlive it and stand at its beginning.
  static Result<std::unique_ptr<EntryReader>> open(FileSource &file, const Kind &kind);

  // Null at the end. Code::invalid (EPROTONOSUPPORT) for what is no archive, Code::io (EBADMSG) for a damaged one,
  // Code::unsupported (ENOKEY) for an encrypted one.
  Result<archive_entry *> next();
  struct Piece {
    const char *bytes = nullptr;
    std::size_t length = 0;
    std::int64_t at = 0; // in the file; what lies between pieces is a hole
  };
  // Of the entry that next() gave; empty at its end.
  Result<std::optional<Piece>> data();
  [[nodiscard]] bool single() const; // this is the content of a compressed file that is no archive
  [[nodiscard]] std::string format() const;

private:
  EntryReader(FileSource &file, const Kind &kind);
  Error failure();
  static la_ssize_t read(archive *a, void *self, const void **bytes) noexcept;
  static la_int64_t skip(archive *a, void *self, la_int64_t length) noexcept;
  static la_int64_t seek(archive *a, void *self, la_int64_t offset, int whence) noexcept;

  const NamesAsBytes names_;
  const Kind kind_;
  FileSource &file_;
  std::unique_ptr<ByteSource> decoder_;
  std::vector<char> piece_;
  std::optional<Error> error_; // of the source
  ArchivePtr archive_;
  bool any_ = false; // an entry was read
};

} // namespace pinion::core::archives
