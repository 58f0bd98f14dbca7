// A tree for tests, with a place outside that nobody may reach. Only for *_test.cpp files.
#pragma once

#include "filesystem/beneath.hpp"
#include "filesystem/tree.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

namespace pinion::core::testing {

namespace fs = std::filesystem;

// <place>/root is the tree; <place>/outside is what nobody may reach.
class Ground {
public:
  explicit Ground(OpenatMode openat_mode) : mode(openat_mode) {
    // Thousands of folders: in memory where there is such a place, so that a busy disk does not make it minutes.
    place = fs::is_directory("/dev/shm") ? "/dev/shm/pinion-tree-XXXXXX" : "/tmp/pinion-tree-XXXXXX";
    REQUIRE(::mkdtemp(place.data()) != nullptr);
    root = place + "/root";
    outside = place + "/outside";
    fs::create_directories(outside + "/folder");
    put(outside + "/secret", "canary");
    put(outside + "/folder/inner", "canary");
    const timespec times[2] = {{secret_time, 0}, {secret_time, 0}};
    REQUIRE(::utimensat(AT_FDCWD, (outside + "/secret").c_str(), times, 0) == 0);
    auto opened = Tree::open(root, true, mode);
    REQUIRE(opened);
    tree.emplace(std::move(*opened));
  }
  ~Ground() {
    std::error_code ignored;
    fs::remove_all(place, ignored);
  }
  static void put(const std::string &path, const std::string &text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
  }
  void file(const std::string &path, const std::string &text) const { put(root + "/" + path, text); }
  void link(const std::string &target, const std::string &path) const {
    fs::create_directories(fs::path(root + "/" + path).parent_path());
    fs::create_symlink(target, root + "/" + path);
  }
  // What the file holds, by its plain path.
  [[nodiscard]] std::string text(const std::string &path) const {
    std::ifstream file(root + "/" + path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::string outsideText(const std::string &path) const {
    std::ifstream file(outside + "/" + path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool has(const std::string &path) const { return fs::exists(fs::symlink_status(root + "/" + path)); }
  // As for one on whose behalf the daemon works.
  void deny(const std::vector<std::string> &lines, uid_t uid = ::getuid(), gid_t gid = ::getgid()) {
    tree->impose({std::make_shared<const Ignore>(lines), uid, gid});
  }
  [[nodiscard]] bool untouched() const {
    std::set<std::string> found;
    for (const auto &entry : fs::recursive_directory_iterator(outside)) found.insert(entry.path().filename());
    struct stat info {};
    return ::stat((outside + "/secret").c_str(), &info) == 0 && info.st_size == 6 && (info.st_mode & 0777) == 0644 &&
           info.st_nlink == 1 && info.st_uid == ::getuid() && info.st_mtim.tv_sec == secret_time &&
           found == std::set<std::string>{"folder", "inner", "secret"};
  }

  static constexpr time_t secret_time = 1000000000;
  OpenatMode mode;
  std::string place, root, outside;
  std::optional<Tree> tree;
};

template <typename T> std::string words(const Result<T> &result) { return result ? "" : result.error().text; }
template <typename T> int detail(const Result<T> &result) { return result ? 0 : result.error().detail; }
template <typename T> Code code(const Result<T> &result) { return result ? Code::ok : result.error().code; }

inline std::string read(const Result<UniqueFd> &fd) {
  if (!fd) return "(" + fd.error().text + ")";
  char text[256];
  const ssize_t got = ::read(fd->get(), text, sizeof text);
  return got < 0 ? "(unreadable)" : std::string(text, static_cast<std::size_t>(got));
}

inline OpenatMode eachMode() {
  const auto mode = GENERATE(OpenatMode::openat2, OpenatMode::openat, OpenatMode::automatic);
  return mode == OpenatMode::openat2 && !beneath::hasOpenat2() ? OpenatMode::automatic : mode;
}

} // namespace pinion::core::testing
