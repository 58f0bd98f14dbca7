#include "archives/entry_writer.hpp"

#include "archives/gzip_sink.hpp"
#include "archives/library.hpp"

#include <pinion/cpp/json_text.hpp>

#include <optional>

namespace pinion::core::archives {

namespace {

// An archive of libarchive's whose bytes go to a sink. libarchive hears of no failure of the sink, as it frees not
// all of an archive that failed amid an entry of zip: the failure is kept and returned here, and what comes later goes
// nowhere.
class LibraryOutput {
public:
  explicit LibraryOutput(ByteSink &out) : out_(out) {}
  LibraryOutput(const LibraryOutput &) = delete;
  LibraryOutput &operator=(const LibraryOutput &) = delete;

  // `a` with its format and filters set. Once, before all that follows.
  Result<void> open(ArchivePtr a) {
    if (!a) return Error{Code::internal, "no memory for an archive"};
    archive_ = std::move(a);
    archive_write_set_bytes_per_block(archive_.get(), 0); // big pieces go straight through
    return check(archive_write_open(archive_.get(), this, nullptr, &LibraryOutput::callback, nullptr));
  }
  Result<void> header(const EntryPtr &entry) { return check(archive_write_header(archive_.get(), entry.get())); }
  Result<void> data(std::string_view bytes) {
    const la_ssize_t done = archive_write_data(archive_.get(), bytes.data(), bytes.size());
    return check(done < 0 ? ARCHIVE_FATAL : ARCHIVE_OK);
  }
  Result<void> finish() {
    if (auto closed = check(archive_write_close(archive_.get())); !closed) return closed;
    return out_.finish();
  }

private:
  static la_ssize_t callback(archive *, void *self, const void *bytes, std::size_t length) noexcept {
    auto &output = *static_cast<LibraryOutput *>(self);
    try {
      if (!output.error_) {
        if (auto done = output.out_.write({static_cast<const char *>(bytes), length}); !done)
          output.error_ = done.error();
      }
    } catch (const std::exception &e) {
      output.error_ = Error{Code::internal, e.what()};
    }
    return static_cast<la_ssize_t>(length);
  }
  Result<void> check(int status) const {
    if (error_) return *error_;
    if (status >= ARCHIVE_WARN) return {};
    return Error{Code::io, words(archive_.get(), "the archive cannot be written")};
  }

  ByteSink &out_;
  std::optional<Error> error_;
  ArchivePtr archive_; // goes first: its end may write
};

// bzip2, xz, zstd: one stream, deflated by libarchive on the caller's thread.
class FilterSink final : public ByteSink {
public:
  explicit FilterSink(ByteSink &out) : output_(out) {}

  Result<void> open(Format format, Level level) {
    ArchivePtr a(archive_write_new());
    archive_write_set_format_raw(a.get());
    // xz takes 94 MiB at level 6 and nine times that at 9, for hardly anything.
    const char *most = "9";
    if (format == Format::tar_bz2) archive_write_add_filter_bzip2(a.get());
    if (format == Format::tar_xz) archive_write_add_filter_xz(a.get()), most = "6";
    if (format == Format::tar_zst) archive_write_add_filter_zstd(a.get()), most = "12";
    const char *number = level == Level::best_compression ? most : "1";
    archive_write_set_filter_option(a.get(), nullptr, "compression-level", number);
    if (auto opened = output_.open(std::move(a)); !opened) return opened;
    const EntryPtr entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), "data");
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    return output_.header(entry);
  }
  Result<void> write(std::string_view bytes) override { return output_.data(bytes); }
  Result<void> finish() override { return output_.finish(); }

private:
  LibraryOutput output_;
};

class TarWriter final : public EntryWriter {
public:
  explicit TarWriter(ByteSink &out) : out_(out) {}
  explicit TarWriter(std::unique_ptr<ByteSink> through) : through_(std::move(through)), out_(*through_) {}

  Result<void> begin(const TarEntry &entry) override {
    if (auto done = fill(); !done) return done;
    padding_ = (kTarBlock - entry.size % kTarBlock) % kTarBlock;
    return out_.write(tarHeader(entry));
  }
  Result<void> data(std::string_view bytes) override { return out_.write(bytes); }
  Result<void> finish() override {
    if (auto done = fill(); !done) return done;
    if (auto done = out_.write(std::string(2 * kTarBlock, '\0')); !done) return done;
    return out_.finish();
  }

private:
  Result<void> fill() { return padding_ == 0 ? Result<void>() : out_.write(std::string(padding_, '\0')); }

  std::unique_ptr<ByteSink> through_;
  ByteSink &out_;
  std::size_t padding_ = 0; // owed after the entry's data
};

class ZipWriter final : public EntryWriter {
public:
  explicit ZipWriter(ByteSink &out) : output_(out) {}

  Result<void> open(Level level) {
    ArchivePtr a(archive_write_new());
    archive_write_set_format_zip(a.get());
    if (level == Level::none) archive_write_zip_set_compression_store(a.get());
    if (level != Level::none)
      archive_write_set_format_option(a.get(), "zip", "compression-level", level == Level::best_speed ? "1" : "9");
    return output_.open(std::move(a));
  }
  Result<void> begin(const TarEntry &entry) override {
    // A name that is no UTF-8 must not be marked as such: readers would refuse it.
    std::optional<NamesAsBytes> plain;
    if (pinion::validUtf8(entry.name) != entry.name) plain.emplace("C");
    const EntryPtr e(archive_entry_new());
    archive_entry_set_pathname(e.get(), entry.name.c_str());
    archive_entry_set_filetype(e.get(), entry.type == TarEntry::Type::file   ? AE_IFREG
                                        : entry.type == TarEntry::Type::link ? AE_IFLNK
                                                                             : AE_IFDIR);
    archive_entry_set_perm(e.get(), entry.mode);
    archive_entry_set_size(e.get(), static_cast<la_int64_t>(entry.size));
    archive_entry_set_mtime(e.get(), entry.modified, 0);
    if (entry.type == TarEntry::Type::link) archive_entry_set_symlink(e.get(), entry.target.c_str());
    return output_.header(e);
  }
  Result<void> data(std::string_view bytes) override { return output_.data(bytes); }
  Result<void> finish() override { return output_.finish(); }

private:
  const NamesAsBytes names_;
  LibraryOutput output_;
};

} // namespace

Result<std::unique_ptr<EntryWriter>> openWriter(Format format, Level level, std::size_t threads, ByteSink &out) {
  if (format == Format::zip) {
    auto zip = std::make_unique<ZipWriter>(out);
    if (auto opened = zip->open(level); !opened) return opened.error();
    return std::unique_ptr<EntryWriter>(std::move(zip));
  }
  if (format == Format::tar) return std::unique_ptr<EntryWriter>(std::make_unique<TarWriter>(out));
  if (format == Format::tar_gz)
    return std::unique_ptr<EntryWriter>(std::make_unique<TarWriter>(std::make_unique<GzipSink>(out, level, threads)));
  auto filter = std::make_unique<FilterSink>(out);
  if (auto opened = filter->open(format, level); !opened) return opened.error();
  return std::unique_ptr<EntryWriter>(std::make_unique<TarWriter>(std::move(filter)));
}

} // namespace pinion::core::archives
