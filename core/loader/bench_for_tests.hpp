// The loader on real rooms, with doubles only for Docker and the Panel. Only for *_test.cpp files.
#pragma once

#include "http/client_for_tests.hpp"
#include "loader/loader.hpp"
#include "log/log.hpp"
#include "tasks/signal_for_tests.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <optional>

namespace pinion::core::testing {

const std::string kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";

// Verbs: "echo" answers its arguments at once, inside act(); "hang" never.
class TestRuntime : public Runtime {
public:
  ActId act(const ServerPtr &server, const std::string &verb, const std::string &args, std::chrono::milliseconds,
            Done done) override {
    if (verb == "hang") return pending_.with([&](auto &all) { return all.emplace_back(std::move(done)), all.size(); });
    if (verb == "echo")
      done(server->text() + " " + args);
    else
      done(Error{Code::unsupported, "no verb " + verb});
    return 0;
  }
  void cancel(ActId id) override {
    const auto done = pending_.with([&](auto &all) { return std::exchange(all.at(id - 1), nullptr); });
    cancelled.set();
    if (done) done(Error{Code::cancelled, "cancelled by the runtime"});
  }
  Result<void> input(const ServerPtr &, std::string bytes) override {
    if (bytes == "full\n") return Error{Code::busy, "the game does not read"};
    return {};
  }
  Result<std::vector<ServerId>> running(std::chrono::milliseconds) override { return std::vector<ServerId>{}; }
  Result<std::string> describe(std::chrono::milliseconds) override { return std::string("{}"); }
  Result<std::string> maintain(const std::string &, std::chrono::milliseconds) override { return std::string("{}"); }
  Result<void> destroy(const ServerId &, std::chrono::milliseconds) override { return {}; }
  Signal cancelled;

private:
  Guarded<std::vector<Done>> pending_;
};

class TestSource : public Source {
public:
  Result<std::vector<DefinitionPtr>> servers() override { return std::vector<DefinitionPtr>{}; }
  Result<DefinitionPtr> server(const ServerId &) override { return Error{Code::notFound, "unknown"}; }
  Result<std::string> call(const std::string &method, const std::string &path, const std::string &body) override {
    if (path == "/throw") throw std::runtime_error("the client threw");
    if (path == "/missing") return Error{Code::notFound, "NotFound: nothing (HTTP/404)"};
    return method + " " + path + " " + body;
  }
};

class Folder {
public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "pinion-loader-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string &name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string &path() const { return path_; }
  [[nodiscard]] std::string write(const std::string &name, const std::string &text) const {
    std::ofstream(*this / name) << text;
    return *this / name;
  }

private:
  std::string path_;
};

struct Bench {
  static std::string plugins(const std::string &folder) { return std::string(PINION_TEST_PLUGINS) + "/" + folder; }

  explicit Bench(const std::string &more_config = "", LoaderLimits limits = {}, bool with_store = true)
      : config(must(ConfigStore::load(folder.write(
            "config.yml", "token: secret\nsystem:\n  root_directory: " + folder / "root" +
                              "\n  data: " + folder / "root/data" + "\n  log_directory: " + folder / "log" +
                              "\n  tmp_directory: " + folder / "tmp" + "\n" + more_config)))),
        registry(bus, folder / "states.json"),
        disk(bus, workers, folder / "root/data", std::chrono::seconds(150), OpenatMode::automatic),
        store(must(Store::open(folder / "store.sqlite"))), tokens("secret", 0, store.get()),
        front(loops, workers, long_workers, ServedFront::loopback(), ServedFront::hooks()),
        loader(Services{bus, workers, loops.first(), *config, front, registry, runtime, source, disk, tokens,
                        with_store ? store.get() : nullptr, "0.1.0-test"},
               limits) {
    REQUIRE(log::open(folder / "log", true, true));
    loops.start();
    const auto everything = [this](const Delivery &d) {
      heard_.with([&](auto &all) { all.push_back(d.event->topic + " " + d.event->payload); });
      came_.set();
    };
    REQUIRE(bus.subscribe(lane, "*", Policy::all, everything, 100000));
    const std::string settings =
        R"({"uuid":")" + kServer + R"(","meta":{"name":"Survival"},"build":{"disk_space":10}})";
    const std::string process = R"({"startup":{"done":["ready","steady"]},"future":{"value":1.50}})";
    server = registry.put(
        must(parseDefinition("{\"settings\":" + settings + ",\"process_configuration\":" + process + "}", {})));
  }
  ~Bench() {
    loader.stop();
    front.stop(std::chrono::milliseconds(0));
    bus.stop();
    disk.stop();
    lane.close();
    workers.stop();
    long_workers.stop();
    loops.stop();
    static_cast<void>(log::open("", false, true));
  }

  template <typename T> static T must(Result<T> result) {
    if (!result) FAIL(result.error().text);
    return *std::move(result);
  }
  // Loads and starts the plugins of the folder "good"; nothing may be refused.
  void run(const std::vector<std::string> &names) {
    REQUIRE(loader.load(plugins("good"), names) == std::vector<std::string>());
    REQUIRE(loader.start() == std::vector<std::string>());
  }
  // Calls an offer and waits for its answer: "STATUS text" of the bus' own result.
  std::string ask(const std::string &address, const std::string &payload = "",
                  std::chrono::milliseconds deadline = kDeadline) {
    auto event = std::make_unique<Event>();
    event->payload = payload;
    event->source = "test";
    auto answer = std::make_shared<std::promise<std::string>>();
    auto future = answer->get_future();
    bus.call(lane, address, std::move(event), deadline, [answer](const Result<std::string> &r) {
      answer->set_value(r ? *r : "failed " + std::to_string(static_cast<int>(r.error().code)) + " " + r.error().text);
    });
    if (future.wait_for(2 * kDeadline) != std::future_status::ready) FAIL("no answer to " << address);
    return future.get();
  }
  // The probe plugin does `words`, which are separated by |.
  std::string probe(const std::string &words) { return ask("probe/do", words); }
  // Waits until an event "topic payload" was heard `times` times.
  [[nodiscard]] bool heard(const std::string &what, int times = 1) {
    for (int seen = 0;;) {
      const auto count = heard_.with([&](const auto &all) { return std::count(all.begin(), all.end(), what); });
      if (count >= times) return true;
      const int now = came_.count();
      if (now == seen && !came_.wait(seen + 1)) return false;
      seen = now;
    }
  }
  // Whether these were heard in this order, whatever lies between.
  bool order(const std::vector<std::string> &wanted) {
    return heard_.with([&](const auto &all) {
      auto from = all.begin();
      for (const auto &one : wanted) {
        from = std::find(from, all.end(), one);
        if (from == all.end()) return false;
      }
      return true;
    });
  }
  int count(const std::string &what) {
    return static_cast<int>(heard_.with([&](const auto &all) { return std::count(all.begin(), all.end(), what); }));
  }
  [[nodiscard]] std::string logged() const {
    log::flush();
    std::ifstream file(folder / "log/wings.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Folder folder;
  LoopGroup loops{1};
  Pool workers{"workers", {2, 8, 4096}}, long_workers{"long", {1, 2, 16}};
  Bus bus{loops.first()};
  Lane lane{workers, "test"};
  std::unique_ptr<ConfigStore> config;
  Registry registry;
  Disk disk;
  std::unique_ptr<Store> store;
  Tokens tokens;
  Front front;
  TestRuntime runtime;
  TestSource source;
  Loader loader;
  ServerPtr server;

private:
  Guarded<std::vector<std::string>> heard_;
  Signal came_;
};

inline bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

} // namespace pinion::core::testing
