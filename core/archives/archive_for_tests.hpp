// A folder with a confined tree in it, and archives made by hand. Only for *_test.cpp files.
#pragma once

#include "archives/library.hpp"
#include "archives/pack.hpp"
#include "archives/unpack.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace pinion::core::archives::testing {

namespace fs = std::filesystem;

inline std::string noise(std::size_t length, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out(length, '\0');
  std::generate(out.begin(), out.end(), [&] { return static_cast<char>(random()); });
  return out;
}

class Volume {
public:
  Volume() {
    std::string name = (fs::temp_directory_path() / "pinion-archives-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    base = name;
    root = base / "volume";
    fs::create_directories(root);
  }
  Volume(const Volume &) = delete;
  ~Volume() { fs::remove_all(base); }

  fs::path put(const std::string &name, const std::string &text) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << text;
    return root / name;
  }
  [[nodiscard]] static std::string read(const fs::path &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Every file with its bytes, every link with "-> target", every folder with "/".
  [[nodiscard]] std::map<std::string, std::string> all(const fs::path &below) const {
    std::map<std::string, std::string> out;
    for (const auto &entry : fs::recursive_directory_iterator(below)) {
      const std::string name = fs::relative(entry.path(), below).string();
      if (entry.is_symlink())
        out[fs::path(entry.path()).lexically_relative(below).string()] =
            "-> " + fs::read_symlink(entry.path()).string();
      else
        out[name] = entry.is_directory() ? "/" : entry.is_regular_file() ? read(entry.path()) : "?";
    }
    return out;
  }
  [[nodiscard]] Tree tree() const {
    auto opened = Tree::open(root.string(), false);
    REQUIRE(opened);
    return std::move(*opened);
  }
  [[nodiscard]] UniqueFd file(const std::string &name, int flags = O_RDWR | O_CREAT) const {
    UniqueFd fd(::open((base / name).c_str(), flags | O_CLOEXEC, 0600));
    REQUIRE(fd);
    return fd;
  }

  fs::path base, root; // root is the volume, base has room beside it
};

inline Packed packed(const Volume &volume, const std::string &name, const PackOptions &options = {},
                     const PackHooks &hooks = {}) {
  const UniqueFd out = volume.file(name);
  auto done = pack(volume.tree(), out.get(), options, hooks);
  if (!done) FAIL(done.error().text);
  return *done;
}

inline Result<Unpacked> unpacked(const Volume &volume, const std::string &name, UnpackOptions options = {},
                                 const UnpackHooks &hooks = {}) {
  const UniqueFd in = volume.file(name, O_RDONLY);
  if (options.name.empty()) options.name = name;
  return unpack(volume.tree(), in.get(), options, hooks);
}

// One entry of an archive made by libarchive, which writes whatever it is told.
struct Given {
  std::string name, text;
  unsigned type = AE_IFREG;
  std::string target = {}; // of a link
  bool hard = false;
  unsigned mode = 0644;
  std::function<void(archive_entry *)> more = {};
};

// `format` as libarchive names it ("zip", "7zip", "pax", "gnutar"); `filter` "" or "gzip", ...
inline void make(const Volume &volume, const std::string &name, const std::string &format, const std::string &filter,
                 const std::vector<Given> &entries) {
  const NamesAsBytes names;
  const ArchivePtr a(archive_write_new());
  REQUIRE(archive_write_set_format_by_name(a.get(), format.c_str()) == ARCHIVE_OK);
  if (!filter.empty()) REQUIRE(archive_write_add_filter_by_name(a.get(), filter.c_str()) == ARCHIVE_OK);
  REQUIRE(archive_write_open_filename(a.get(), (volume.base / name).c_str()) == ARCHIVE_OK);
  for (const Given &given : entries) {
    const EntryPtr entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), given.name.c_str());
    archive_entry_set_filetype(entry.get(), given.type);
    archive_entry_set_perm(entry.get(), given.mode);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(given.text.size()));
    archive_entry_set_mtime(entry.get(), 1'400'000'000, 0);
    if (!given.target.empty() && given.hard) archive_entry_set_hardlink(entry.get(), given.target.c_str());
    if (!given.target.empty() && !given.hard) archive_entry_set_symlink(entry.get(), given.target.c_str());
    if (given.more) given.more(entry.get());
    REQUIRE(archive_write_header(a.get(), entry.get()) >= ARCHIVE_WARN);
    if (!given.text.empty())
      REQUIRE(archive_write_data(a.get(), given.text.data(), given.text.size()) ==
              static_cast<la_ssize_t>(given.text.size()));
  }
  REQUIRE(archive_write_close(a.get()) == ARCHIVE_OK);
}

using Files = std::map<std::string, std::string>;

// A disk of so many bytes.
struct Quota {
  std::int64_t limit, used = 0, most = 0;
  UnpackHooks hooks() {
    UnpackHooks out;
    out.room = [this] { return Result<std::int64_t>(limit - used); };
    out.reserve = [this](std::int64_t bytes) -> Result<void> {
      if (bytes > 0 && bytes > limit - used) return Error{Code::full, "full", EDQUOT};
      used += bytes;
      most = std::max(most, used);
      return {};
    };
    return out;
  }
};

inline void write(const fs::path &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }

} // namespace pinion::core::archives::testing
