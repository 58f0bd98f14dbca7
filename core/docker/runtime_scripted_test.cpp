// The runtime where no engine answers, and against a scripted one that breaks, fails or dawdles as the test says.
#include "docker/fake_engine_for_tests.hpp"
#include "docker/runtime_for_tests.hpp"

#include <atomic>

using namespace pinion::core;
using namespace pinion::core::testing;
using namespace std::chrono_literals;

TEST_CASE("without an engine all else goes on, and its return is noticed") {
  const std::string missing = "unix://" + (fs::temp_directory_path() / randomUuid()).string();
  Node node(missing);
  CHECK(node.runtime->prepare().error().code == Code::io);
  REQUIRE(node.hears("runtime.lost"));
  const auto answer = node.act("start");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::io);
  CHECK(answer.error().text.rfind(
            "environment/docker: failed to start container: cannot reach the docker engine at " + missing, 0) == 0);
  CHECK(node.act("wait", "{}", 100ms).error().code == Code::timeout);
  CHECK_FALSE(node.runtime->running(1s));
  CHECK(node.all("runtime.lost").size() == 1);
  node.containers.clear(); // none was made
}

TEST_CASE("the loss and the return of an engine are each told once") {
  FakeEngine fake([](const std::string &request, int fd) {
    if (request.find("/events") == std::string::npos) {
      FakeEngine::send(fd, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\n");
      if (request.rfind("HEAD", 0) != 0) FakeEngine::send(fd, "{}");
      return true;
    }
    FakeEngine::send(fd, "HTTP/1.0 200 OK\r\n\r\n");
    FakeEngine::untilGone(fd);
    return false;
  });
  Node node(fake.address());
  node.containers.clear();
  REQUIRE(node.runtime->prepare());
  fake.end();
  REQUIRE(node.hears("runtime.lost"));
  fake.begin();
  REQUIRE(node.hears("runtime.found"));
  CHECK(node.all("runtime.lost").size() == 1);
  CHECK(node.all("runtime.found").size() == 1);
}

namespace {

// An engine that knows one running container, and what else `answer` says; "" leaves a request to the defaults.
FakeEngine::Answer scripted(std::function<bool(const std::string &, int, bool &)> answer) {
  return [answer = std::move(answer)](const std::string &request, int fd) {
    if (request.rfind("HEAD", 0) == 0) {
      FakeEngine::send(fd, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\n");
      return true;
    }
    bool taken = true;
    const bool open = answer(request, fd, taken);
    if (taken) return open;
    if (request.find("/events") != std::string::npos) {
      FakeEngine::send(fd, "HTTP/1.0 200 OK\r\n\r\n");
      FakeEngine::untilGone(fd);
      return false;
    }
    if (request.find("/json ") != std::string::npos)
      FakeEngine::reply(
          fd, 200,
          R"({"Id":"abc","State":{"Status":"running","Running":true,"Pid":999999999,"StartedAt":"2024-03-01T10:20:30Z"},"Config":{"Tty":true}})");
    else
      FakeEngine::reply(fd, 204, "");
    return true;
  };
}

} // namespace

TEST_CASE("a console that breaks while the game runs is attached again, and no end is told") {
  std::atomic<int> attached{0};
  FakeEngine fake(scripted([&](const std::string &request, int fd, bool &taken) {
    taken = request.find("/attach?") != std::string::npos;
    if (!taken) return true;
    FakeEngine::send(fd, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    if (++attached == 1) return false; // breaks at once
    FakeEngine::send(fd, "back again\n");
    FakeEngine::untilGone(fd);
    return false;
  }));
  Node node(fake.address());
  node.containers.clear();
  REQUIRE(node.act("attach"));
  CHECK(node.hears("container output", "back again"));
  CHECK(node.all("container exited").empty());
  CHECK(attached == 2);
}

TEST_CASE("figures come from the engine where its control groups are not visible") {
  FakeEngine fake(scripted([&](const std::string &request, int fd, bool &taken) {
    const bool stats = request.find("/stats?") != std::string::npos,
               attach = request.find("/attach?") != std::string::npos;
    taken = stats || attach;
    if (!taken) return true;
    if (attach) FakeEngine::send(fd, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    if (stats) FakeEngine::send(fd, "HTTP/1.0 200 OK\r\n\r\n{\"memory_stats\":{\"usage\":4242,\"limit\":9000}}\n");
    FakeEngine::untilGone(fd);
    return false;
  }));
  Node node(fake.address());
  node.containers.clear();
  node.registry->setState(node.server, State::running);
  REQUIRE(node.act("attach"));
  REQUIRE(node.hears("stats", "\"memory_bytes\":4242"));
  CHECK(node.server->utilization().memory_limit_bytes == 9000);
  CHECK(node.server->utilization().uptime_ms > 0);
}

TEST_CASE("a pull tells its progress; its failure counts only when the image is not here") {
  std::atomic<bool> here{false};
  pinion::core::testing::Signal asked, hung_up;
  FakeEngine fake(scripted([&](const std::string &request, int fd, bool &taken) {
    const bool pull = request.find("/images/create?fromImage=reg.example%2Fx&tag=1 ") != std::string::npos;
    const bool silent = request.find("/images/create?fromImage=silent") != std::string::npos;
    const bool look = request.find("/images/") != std::string::npos && request.rfind("GET", 0) == 0;
    taken = pull || silent || look;
    if (pull) {
      FakeEngine::send(
          fd,
          "HTTP/1.0 200 OK\r\n\r\n{\"status\":\"Downloading\",\"progress\":\"[=>]\"}\r\n{\"error\":\"no space\"}\r\n");
      return false;
    }
    if (silent) {
      asked.set();
      FakeEngine::untilGone(fd);
      hung_up.set();
      return false;
    }
    if (look) FakeEngine::reply(fd, here ? 200 : 404, R"({"RepoTags":["reg.example/x:1"]})");
    return true;
  }));
  Node node(fake.address());
  node.containers.clear();
  const auto failed = node.act("pull", R"({"image":"reg.example/x:1"})");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text == "environment/docker: failed to pull \"reg.example/x:1\" image for server: no space");
  CHECK(node.hears("container pull", "Downloading [=>]"));
  here = true;
  CHECK(*node.act("pull", R"({"image":"reg.example/x:1"})") == R"({"pulled":true})");
  // On a busy machine a deadline may pass before the engine is asked; then a longer one is tried.
  for (auto deadline = 200ms; asked.count() == 0; deadline *= 2)
    CHECK(node.act("pull", R"({"image":"silent"})", deadline).error().code == Code::timeout);
  CHECK(hung_up.wait(asked.count())); // the engine is not left pulling
}

TEST_CASE("a removal that is under way already is waited for") {
  std::atomic<bool> waited{false};
  FakeEngine fake(scripted([&](const std::string &request, int fd, bool &taken) {
    const bool remove = request.rfind("DELETE", 0) == 0,
               wait = request.find("/wait?condition=removed") != std::string::npos;
    taken = remove || wait;
    if (remove) FakeEngine::reply(fd, 409, R"({"message":"removal of container x is already in progress"})");
    if (wait) {
      waited = true;
      FakeEngine::reply(fd, 200, "{}");
    }
    return true;
  }));
  Node node(fake.address());
  node.containers.clear();
  CHECK(*node.act("remove") == "{}");
  CHECK(waited);
}
