// Any bytes as an archive: nothing appears outside the tree, what is counted is what lies there, limits hold. Input:
// one byte of options, the archive's name up to a NUL, the archive.
#include "fuzz.hpp"

#include "archives/unpack.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>

using namespace pinion::core;
using fuzz::require;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kRoom = 4 << 20;
constexpr std::uint64_t kEntries = 200;

struct Ground {
  Ground() {
    place = fs::is_directory("/dev/shm") ? "/dev/shm/pinion-fuzz-XXXXXX" : "/tmp/pinion-fuzz-XXXXXX";
    require(::mkdtemp(place.data()) != nullptr, "there is a place for the tree");
    fs::create_directories(place + "/outside");
    std::ofstream(place + "/outside/secret") << "kept";
  }
  ~Ground() {
    std::error_code ignored;
    fs::remove_all(place, ignored);
  }
  std::string place;
};

void lookAround(const std::string &place) {
  std::size_t beside = 0;
  for (const auto &entry : fs::directory_iterator(place)) {
    (void)entry;
    ++beside;
  }
  require(beside == 2, "nothing appears beside the tree");
  std::ifstream in(place + "/outside/secret");
  require(std::string(std::istreambuf_iterator<char>(in), {}) == "kept", "what lies outside stays");
  require(fs::hard_link_count(place + "/outside/secret") == 1, "nothing is linked from outside");
}

std::int64_t bytesIn(const std::string &root) {
  std::int64_t bytes = 0;
  for (const auto &entry : fs::recursive_directory_iterator(root)) {
    const auto status = entry.symlink_status();
    require(fs::is_regular_file(status) || fs::is_directory(status) || fs::is_symlink(status), "only plain entries");
    require((status.permissions() & static_cast<fs::perms>(07000)) == fs::perms::none, "no special bits");
    if (fs::is_regular_file(status)) bytes += static_cast<std::int64_t>(entry.file_size());
  }
  return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const Ground ground;
  const std::string_view input(reinterpret_cast<const char *>(data), size);
  const auto end = input.find('\0', 1);
  if (size < 2 || end == std::string_view::npos) return 0;
  const unsigned choice = data[0];
  archives::UnpackOptions options;
  options.name = input.substr(1, end - 1);
  options.root = (choice & 1) != 0 ? "/a" : "a";
  options.links = (choice & 2) != 0;
  options.check_first = (choice & 4) != 0;
  options.limits.entries = kEntries;

  const std::string root = ground.place + "/root";
  fs::create_directories(root);
  fs::create_directory_symlink("../outside", root + "/out");
  const int in = ::memfd_create("archive", MFD_CLOEXEC);
  const std::string_view bytes = input.substr(end + 1);
  require(::write(in, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "the archive is written");
  ::lseek(in, 0, SEEK_SET);
  {
    auto tree = Tree::open(root, false);
    require(static_cast<bool>(tree), "the root opens");
    std::int64_t used = 0;
    archives::UnpackHooks hooks;
    hooks.room = [&] { return Result<std::int64_t>(kRoom - used); };
    hooks.reserve = [&](std::int64_t more) -> Result<void> {
      if (more > 0 && more > kRoom - used) return Error{Code::full, "full", EDQUOT};
      used += more;
      return {};
    };
    const auto done = archives::unpack(*tree, in, options, hooks);
    require(used >= 0 && used <= kRoom, "the disk limit holds");
    require(used == bytesIn(root), "what is counted is what is there");
    if (done) require(done->entries + done->passed_over <= kEntries, "the limit of entries holds");
    if (!done) require(!done.error().text.empty(), "a refusal has its words");
  }
  ::close(in);
  lookAround(ground.place);
  fs::remove_all(root);
  return 0;
}
