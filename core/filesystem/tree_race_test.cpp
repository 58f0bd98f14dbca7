// Somebody inside the server swaps a folder and a link that leads out, as fast as the kernel lets them, while the
// daemon works on paths through it: the canary outside stays as it is, and none of it comes out.
#include "filesystem/ground_for_tests.hpp"

#include <linux/fs.h>

#include <atomic>
#include <chrono>
#include <thread>

using namespace pinion::core;
using namespace pinion::core::testing;

namespace {

// For each operation, mode and link; PINION_RACE_MS=2000 for a long look.
std::chrono::milliseconds each() {
  const char *wanted = std::getenv("PINION_RACE_MS");
  return std::chrono::milliseconds(wanted == nullptr ? 80 : std::atoi(wanted));
}
constexpr int most = 2000000;

class Swap {
public:
  explicit Swap(const Ground &ground) : a_(ground.root + "/d"), b_(ground.root + "/l") {
    thread_ = std::thread([this] {
      while (!stop_) {
        ::renameat2(AT_FDCWD, a_.c_str(), AT_FDCWD, b_.c_str(), RENAME_EXCHANGE);
        ++swaps_;
      }
    });
    while (swaps_ == 0) std::this_thread::yield();
  }
  ~Swap() {
    stop_ = true;
    thread_.join();
  }
  Swap(const Swap &) = delete;
  Swap &operator=(const Swap &) = delete;

private:
  const std::string a_, b_;
  std::atomic<bool> stop_{false};
  std::atomic<long> swaps_{0};
  std::thread thread_;
};

// `work` says whether it reached the folder inside; it must, sometimes.
template <typename F> void during(const Ground &ground, F &&work) {
  int reached = 0;
  {
    const Swap swap(ground);
    const auto end = std::chrono::steady_clock::now() + each();
    for (int i = 0; i < most && (std::chrono::steady_clock::now() < end || reached == 0); ++i)
      reached += work() ? 1 : 0;
  }
  CHECK(reached > 0);
  CHECK(ground.untouched());
  CHECK(ground.outsideText("secret") == "canary");
  CHECK(ground.outsideText("folder/inner") == "canary");
}

void prepare(const Ground &ground, const std::string &target) {
  ground.file("d/secret", "inside");
  ground.file("d/folder/inner", "inside");
  ground.link(target, "l");
}

} // namespace

TEST_CASE("no swapped link lets an operation out of the root") {
  const auto mode = GENERATE(OpenatMode::automatic, OpenatMode::openat);
  const auto target = GENERATE(std::string("../outside"), std::string("/outside"));
  Ground ground(mode);
  const Tree &tree = *ground.tree;
  prepare(ground, target == "/outside" ? ground.outside : target);
  const auto add = [&](const std::string &text) {
    auto fd = tree.openUnnamed("");
    REQUIRE(fd);
    REQUIRE(::write(fd->get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    return std::move(*fd);
  };
  bool leaked = false;
  const auto inside = [&](const char *path) {
    const std::string text = read(tree.openFile(path, O_RDONLY));
    leaked = leaked || text == "canary";
    return text == "inside";
  };

  SECTION("read") {
    during(ground, [&] { return inside("d/secret") && inside("d/folder/inner"); });
  }
  SECTION("write") {
    during(ground, [&] {
      (void)tree.openFile("d/made", O_WRONLY | O_CREAT | O_TRUNC);
      return static_cast<bool>(tree.openFile("d/secret", O_WRONLY | O_TRUNC));
    });
  }
  SECTION("make folders") {
    during(ground, [&] { return static_cast<bool>(tree.makeFolders("d/new/er")); });
  }
  SECTION("rename") {
    during(ground, [&] {
      const bool went = static_cast<bool>(tree.rename("d/secret", "stolen"));
      if (went) leaked = leaked || ground.text("stolen") == "canary";
      (void)tree.rename("stolen", "d/secret");
      return went;
    });
  }
  SECTION("change modes") {
    during(ground, [&] { return static_cast<bool>(tree.chmod("d/secret", 0600)); });
  }
  SECTION("set times") {
    during(ground, [&] { return static_cast<bool>(tree.setTimes("d/secret", 7, 7)); });
  }
  SECTION("change owners") {
    during(ground,
           [&] { return static_cast<bool>(tree.chown("d/folder", ::getuid() == 0 ? 4711 : ::getuid(), ::getgid())); });
  }
  SECTION("copy") {
    during(ground, [&] {
      const bool went = static_cast<bool>(tree.copy("d/secret", "copied", {}, {}));
      if (went) leaked = leaked || ground.text("copied") == "canary";
      (void)tree.remove("copied");
      (void)tree.copy("l/secret", "d/copied", {}, {});
      return went;
    });
  }
  SECTION("link") {
    during(ground, [&] {
      const bool went = static_cast<bool>(tree.link("x", "d/link"));
      (void)tree.remove("d/link");
      return went;
    });
  }
  SECTION("place") {
    during(ground, [&] {
      const UniqueFd fd = add("placed");
      (void)tree.place(fd.get(), "d/secret", {});
      return static_cast<bool>(tree.place(add("placed").get(), "d/placed", {}));
    });
  }
  SECTION("make an unnamed file") {
    during(ground, [&] {
      const auto fd = tree.openUnnamed("d/folder");
      return fd && ::write(fd->get(), "x", 1) == 1;
    });
  }
  SECTION("list") {
    during(ground, [&] {
      const auto entries = tree.list("d/folder");
      for (const auto &entry : entries ? *entries : std::vector<Entry>())
        leaked = leaked || entry.info.st_mtim.tv_sec == Ground::secret_time;
      const auto facts = tree.stat("d/secret");
      leaked = leaked || (facts && facts->st_mtim.tv_sec == Ground::secret_time);
      return static_cast<bool>(entries);
    });
  }
  SECTION("remove") {
    int made = 0;
    during(ground, [&] {
      // Put back by whichever name the folder has now.
      for (const char *folder : {"/d/", "/l/"}) {
        struct stat info {};
        if (::lstat((ground.root + std::string(folder, 2)).c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
        made += tree.openFile(std::string(folder) + "gone", O_WRONLY | O_CREAT) ? 1 : 0;
      }
      return tree.remove("d/gone") && tree.remove("d/secret") && tree.remove("d/folder/inner") && made > 0;
    });
  }
  SECTION("measure") {
    during(ground, [&] {
      const auto used = tree.usage({});
      leaked = leaked || (used && used->bytes > 12); // "inside", twice
      return static_cast<bool>(used);
    });
  }
  CHECK_FALSE(leaked);
}

TEST_CASE("what is denied stays so while folders are swapped for links to it") {
  const auto mode = GENERATE(OpenatMode::automatic, OpenatMode::openat);
  Ground ground(mode);
  ground.file("d/sub/x", "inside");
  ground.file("conf/sub/x", "denied");
  ground.link("conf", "l");
  ground.deny({"conf/"});
  bool leaked = false;
  during(ground, [&] {
    const std::string text = read(ground.tree->openFile("d/sub/x", O_RDONLY));
    leaked = leaked || text == "denied";
    (void)ground.tree->openFile("d/sub/x", O_WRONLY | O_TRUNC | O_APPEND);
    (void)ground.tree->openFile("d/sub/made", O_WRONLY | O_CREAT);
    (void)ground.tree->remove("d/sub/made");
    return text.empty() || text == "inside";
  });
  CHECK_FALSE(leaked);
  CHECK(ground.text("conf/sub/x") == "denied");
  CHECK_FALSE(ground.has("conf/sub/made"));
}
