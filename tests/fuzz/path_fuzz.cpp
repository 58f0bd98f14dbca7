// Paths against a small real tree: both ways of resolving one must agree, and neither leads out. Input: the target of
// the link "l", a NUL, a path.
#include "fuzz.hpp"

#include "filesystem/beneath.hpp"
#include "filesystem/tree.hpp"

#include <fcntl.h>

#include <climits>
#include <filesystem>
#include <fstream>

using namespace pinion::core;
using fuzz::require;
namespace fs = std::filesystem;

namespace {

struct Ground {
  Ground() {
    place = fs::is_directory("/dev/shm") ? "/dev/shm/pinion-fuzz-XXXXXX" : "/tmp/pinion-fuzz-XXXXXX";
    require(::mkdtemp(place.data()) != nullptr, "there is a place for the tree");
    root = place + "/root";
    fs::create_directories(root + "/a/b/c");
    fs::create_directories(root + "/d");
    fs::create_directories(place + "/outside/a");
    for (const char *file : {"/root/a/b/f", "/root/f", "/outside/f", "/outside/a/f"})
      std::ofstream(place + file) << "x";
    fs::create_symlink("a/b", root + "/to-b");
    fs::create_symlink("../l", root + "/a/to-l");
    fs::create_symlink("../../outside", root + "/a/out");
    fs::create_symlink("loop", root + "/loop");
    fs::create_symlink(root + "/a", root + "/absolute");
    kernel.emplace(open(OpenatMode::automatic));
    by_hand.emplace(open(OpenatMode::openat));
  }
  ~Ground() {
    std::error_code ignored;
    fs::remove_all(place, ignored);
  }
  Tree open(OpenatMode mode) const {
    auto tree = Tree::open(root, false, mode);
    require(static_cast<bool>(tree), "the root opens");
    return std::move(*tree);
  }
  std::string place, root;
  std::optional<Tree> kernel, by_hand;
};

void isInside(int fd, const std::string &root) {
  const std::string path = fs::read_symlink(beneath::self(fd));
  require(path == root || path.starts_with(root + "/"), "what is opened is inside");
}

void agree(const std::string &root, const Result<UniqueFd> &one, const Result<UniqueFd> &other) {
  require(static_cast<bool>(one) == static_cast<bool>(other), "both ways open it or neither");
  if (!one) {
    require(one.error().code == other.error().code, "both ways refuse it for the same reason");
    require(one.error().detail != 0, "a refusal has its errno");
    return;
  }
  isInside(one->get(), root);
  struct stat first {
  }, second{};
  require(::fstat(one->get(), &first) == 0 && ::fstat(other->get(), &second) == 0, "what is open has facts");
  require(first.st_ino == second.st_ino && first.st_dev == second.st_dev, "both ways open the same");
}

void cleanHolds(const std::string &path, const std::string &clean) {
  require(clean.size() < PATH_MAX && clean.find('\0') == std::string::npos, "a clean path is one for the kernel");
  const auto again = Tree::clean(clean);
  require(again && *again == clean, "a clean path stays as it is");
  require(!clean.starts_with('/') && !clean.ends_with('/'), "a clean path has no slash around it");
  const std::string around = "/" + clean + "/";
  for (const char *never : {"//", "/./", "/../"})
    require(clean.empty() || around.find(never) == std::string::npos, "a clean path has names only");
  const auto rooted = Tree::clean("/" + path);
  require(rooted && *rooted == clean, "a path that stays inside means the same from the root");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const Ground ground;
  const std::string input(reinterpret_cast<const char *>(data), size);
  const auto end = input.find('\0');
  if (end == std::string::npos) return 0;
  const std::string target = input.substr(0, end), path = input.substr(end + 1);
  if (const auto clean = Tree::clean(path)) cleanHolds(path, *clean);
  const std::string link = ground.root + "/l";
  ::unlink(link.c_str());
  if (::symlink(target.c_str(), link.c_str()) != 0) ::symlink("d", link.c_str());
  for (const int flags : {O_RDONLY, O_RDWR, O_PATH})
    agree(ground.root, ground.kernel->openFile(path, flags), ground.by_hand->openFile(path, flags));
  agree(ground.root, ground.kernel->openFolder(path), ground.by_hand->openFolder(path));
  const auto one = ground.kernel->stat(path), other = ground.by_hand->stat(path);
  require(static_cast<bool>(one) == static_cast<bool>(other), "both ways know it or neither");
  if (one) require(one->st_ino == other->st_ino, "both ways know the same");
  return 0;
}
