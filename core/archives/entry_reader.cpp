#include "archives/entry_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace pinion::core::archives {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

struct Compression {
  const char *ending; // of names; without the dot
  const char *tar;    // the ending that stands for it and tar at once, or null
  std::string_view mark;
  std::optional<Coding> coding;
  int filter;
};

using namespace std::string_view_literals;
const std::array<Compression, 9> kCompressions{{
    {"gz", "tgz", "\x1f\x8b"sv, Coding::gzip, 0},
    {"bz2", "tbz2", "BZh"sv, {}, ARCHIVE_FILTER_BZIP2},
    {"xz", "txz", "\xfd\x37zXZ\0"sv, Coding::xz, 0},
    {"zst", "tzst", "\x28\xb5\x2f\xfd"sv, {}, ARCHIVE_FILTER_ZSTD},
    {"lz4", "tlz4", "\x04\x22\x4d\x18"sv, {}, ARCHIVE_FILTER_LZ4},
    {"lz", "tlz", "LZIP"sv, Coding::lzip, 0},
    {"sz", "tsz", "\xff\x06\0\0sNaPpY"sv, Coding::snappy, 0},
    {"br", "tbr", ""sv, Coding::brotli, 0},
    {"zz", "tzz", ""sv, Coding::zlib, 0},
}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return out;
}

bool endsWith(const std::string &name, const std::string &ending) {
  return name.size() > ending.size() + 1 && name.ends_with("." + ending);
}

} // namespace

Kind kindOf(std::string_view beginning, std::string_view name) {
  name = name.substr(name.find_last_of('/') + 1); // npos + 1 is 0
  const std::string small = lower(name);
  for (const Compression &one : kCompressions) {
    const bool named = endsWith(small, one.ending) || endsWith(small, one.tar);
    if (one.mark.empty() ? !named : !beginning.starts_with(one.mark)) continue;
    Kind kind{one.ending, one.coding, one.filter, "", false};
    if (endsWith(small, one.ending))
      kind.single = name.substr(0, name.size() - std::string_view(one.ending).size() - 1);
    if (endsWith(lower(kind.single), "tar")) kind.single.clear(); // says it is an archive, and then has to be one
    return kind;
  }
  Kind kind;
  kind.begins_as_zip = beginning.starts_with("PK\3\4");
  return kind;
}

EntryReader::EntryReader(FileSource &file, const Kind &kind) : kind_(kind), file_(file), piece_(kPiece) {
  if (kind.coding) decoder_ = decoder(*kind.coding, file_);
}

Result<std::unique_ptr<EntryReader>> EntryReader::open(FileSource &file, const Kind &kind) {
  std::unique_ptr<EntryReader> reader(new EntryReader(file, kind));
  reader->archive_.reset(archive_read_new());
  archive *a = reader->archive_.get();
  if (a == nullptr) return Error{Code::internal, "no memory for an archive"};
  archive_read_support_format_tar(a);
  if (kind.words.empty()) {
    if (file.seekable())
      archive_read_support_format_zip_seekable(a); // without its directory, at the end, a zip is cut off
    else
      archive_read_support_format_zip_streamable(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_rar(a);
    archive_read_support_format_rar5(a);
  } else {
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    if (kind.filter != 0 && archive_read_support_filter_by_code(a, kind.filter) < ARCHIVE_WARN)
      return Error{Code::unsupported, words(a, "this compression cannot be read"), EPROTONOSUPPORT};
  }
  archive_read_set_callback_data(a, reader.get());
  archive_read_set_read_callback(a, &EntryReader::read);
  if (!kind.coding && file.seekable()) {
    archive_read_set_skip_callback(a, &EntryReader::skip);
    archive_read_set_seek_callback(a, &EntryReader::seek);
  }
  if (archive_read_open1(a) != ARCHIVE_OK) {
    // Nothing was recognised yet: a stream that cannot even begin is no stream of its kind.
    if (reader->error_) return *reader->error_;
    return reader->failure();
  }
  return reader;
}

Result<archive_entry *> EntryReader::next() {
  archive_entry *entry = nullptr;
  for (;;) {
    const int status = archive_read_next_header(archive_.get(), &entry);
    if (error_) return *error_;
    if (status == ARCHIVE_EOF) {
      const bool rar = (archive_format(archive_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_RAR_V5;
      if (rar && !any_) return damaged("nothing follows its mark"); // the library takes that for its end
      return nullptr;
    }
    if (status == ARCHIVE_RETRY) continue;
    if (status < ARCHIVE_WARN) return failure();
    any_ = true;
    if (archive_entry_is_encrypted(entry) != 0) return Error{Code::unsupported, "the archive is encrypted", ENOKEY};
    return entry;
  }
}

Result<std::optional<EntryReader::Piece>> EntryReader::data() {
  for (;;) {
    const void *bytes = nullptr;
    std::size_t length = 0;
    la_int64_t at = 0;
    const int status = archive_read_data_block(archive_.get(), &bytes, &length, &at);
    if (error_) return *error_;
    if (status == ARCHIVE_EOF) return std::optional<Piece>();
    if (status == ARCHIVE_RETRY) continue;
    if (status != ARCHIVE_OK) return failure();
    return std::optional<Piece>(Piece{static_cast<const char *>(bytes), length, at});
  }
}

Error EntryReader::failure() {
  archive *a = archive_.get();
  if (!any_ && archive_errno(a) == EILSEQ && archive_format(a) == 0) { // nothing was recognised
    if (kind_.begins_as_zip) return damaged("its end is missing, and the list of its files with it");
    return {Code::invalid, "the file is no archive of a known format", EPROTONOSUPPORT};
  }
  // The library may only be asked this once it knows the format.
  if (archive_format(a) != 0 && archive_read_has_encrypted_entries(a) > 0)
    return {Code::unsupported, "the archive is encrypted", ENOKEY};
  const char *said = archive_error_string(a);
  return damaged(said != nullptr ? said : "it cannot be read");
}

bool EntryReader::single() const { return archive_format(archive_.get()) == ARCHIVE_FORMAT_RAW; }

std::string EntryReader::format() const {
  const int base = archive_format(archive_.get()) & ARCHIVE_FORMAT_BASE_MASK;
  std::string out = base == ARCHIVE_FORMAT_ZIP                                    ? "zip"
                    : base == ARCHIVE_FORMAT_7ZIP                                 ? "7z"
                    : base == ARCHIVE_FORMAT_RAR || base == ARCHIVE_FORMAT_RAR_V5 ? "rar"
                    : base == ARCHIVE_FORMAT_TAR                                  ? "tar"
                                                                                  : "";
  if (kind_.words.empty()) return out;
  return out.empty() ? kind_.words : out + "." + kind_.words;
}

la_ssize_t EntryReader::read(archive *a, void *self, const void **bytes) noexcept {
  auto &reader = *static_cast<EntryReader *>(self);
  try {
    ByteSource &from = reader.decoder_ ? *reader.decoder_ : reader.file_;
    auto got = from.read(reader.piece_.data(), reader.piece_.size());
    if (got) {
      *bytes = reader.piece_.data();
      return static_cast<la_ssize_t>(*got);
    }
    reader.error_ = got.error();
  } catch (const std::exception &e) {
    reader.error_ = Error{Code::internal, e.what()};
  }
  archive_set_error(a, EIO, "the archive cannot be read");
  return -1;
}

la_int64_t EntryReader::skip(archive *, void *self, la_int64_t length) noexcept {
  FileSource &file = static_cast<EntryReader *>(self)->file_;
  const std::int64_t most = file.size() - file.at();
  if (length > most) return 0; // let it be read: then it is found to be cut off
  file.seek(file.at() + length);
  return length;
}

la_int64_t EntryReader::seek(archive *, void *self, la_int64_t offset, int whence) noexcept {
  FileSource &file = static_cast<EntryReader *>(self)->file_;
  const std::int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.at() : file.size();
  std::int64_t to = 0;
  if (__builtin_add_overflow(from, offset, &to) || to < 0 || to > file.size()) return ARCHIVE_FATAL;
  file.seek(to);
  return to;
}

} // namespace pinion::core::archives
