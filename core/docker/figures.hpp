// What running containers use, once a second for all of them from one timer (contract docker.md 9): from the kernel's
// files where this daemon can see them, else from the engine's own stats stream.
#pragma once

#include "base/guarded.hpp"
#include "bus/bus.hpp"
#include "docker/cgroup.hpp"
#include "docker/engine.hpp"
#include "docker/response_stream.hpp"
#include "filesystem/disk.hpp"
#include "servers/registry.hpp"
#include "tasks/loop.hpp"

#include <atomic>
#include <memory>
#include <unordered_map>

namespace pinion::core {

// The bus-driven "stats" payload: keys in alphabetical order at every level (websocket.md 5.1).
void appendSortedStats(std::string &out, const Utilization &now, State state, std::int64_t disk_bytes);

// One document of the engine's stats stream; false when it is none. Uptime is not in it.
bool figuresFromStats(const std::string &document, Utilization &out);

class Figures : public std::enable_shared_from_this<Figures> {
public:
  Figures(Loop &loop, Engine &engine, Bus &bus, Disk &disk) : loop_(loop), engine_(engine), bus_(bus), disk_(disk) {}
  void start(std::chrono::milliseconds period = std::chrono::seconds(1));
  void stop();
  // [pool] Begins (again) for a server whose container runs since `started_at_ms` with `pid` as its first process.
  // `root` stands before /proc and the mount points (tests).
  void begin(const ServerPtr &server, const std::string &container, int pid, std::int64_t started_at_ms,
             const std::string &root = "");
  void end(const ServerPtr &server); // [any]

private:
  struct Entry {
    ServerPtr server;
    std::int64_t started_at_ms = 0;
    CgroupReader reader;
    RawFigures before;
    Clock::time_point before_at{};
    bool first = true;
    std::shared_ptr<ResponseStream> stream; // instead of the reader
  };
  void add(Entry entry, UniqueFd stream); // [loop]; `stream` empty: by the reader
  void tick();
  bool measure(Entry &entry, Clock::time_point now);
  void tell(const Entry &entry, Utilization now);
  std::shared_ptr<ResponseStream> follow(const ServerPtr &server, UniqueFd fd, std::int64_t started_at_ms);

  Loop &loop_;
  Engine &engine_;
  Bus &bus_;
  Disk &disk_;
  std::unordered_map<ServerId, Entry> entries_; // loop thread only
  std::string payload_;                         // loop thread only; keeps its memory
  std::atomic<Loop::TimerId> timer_{0};
};

} // namespace pinion::core
