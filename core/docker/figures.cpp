#include "docker/figures.hpp"

#include "docker/engine_error.hpp"
#include "docker/json.hpp"
#include "docker/line_splitter.hpp"
#include "log/log.hpp"

#include <charconv>
#include <cmath>

namespace pinion::core {

namespace {

template <typename T> void appendNumber(std::string &out, T value) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void appendPercent(std::string &out, double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
  out.append(text, end.ec == std::errc{} ? end.ptr : text);
  if (end.ec != std::errc{}) out.push_back('0');
}

std::int64_t wallMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

} // namespace

void appendSortedStats(std::string &out, const Utilization &now, State state, std::int64_t disk_bytes) {
  out += "{\"cpu_absolute\":";
  appendPercent(out, now.cpu_absolute);
  out += ",\"disk_bytes\":";
  appendNumber(out, disk_bytes);
  out += ",\"disk_io\":{\"read_bytes\":";
  appendNumber(out, now.read_bytes);
  out += ",\"write_bytes\":";
  appendNumber(out, now.write_bytes);
  out += "},\"memory_bytes\":";
  appendNumber(out, now.memory_bytes);
  out += ",\"memory_limit_bytes\":";
  appendNumber(out, now.memory_limit_bytes);
  out += ",\"network\":{\"rx_bytes\":";
  appendNumber(out, now.rx_bytes);
  out += ",\"tx_bytes\":";
  appendNumber(out, now.tx_bytes);
  out += "},\"state\":\"";
  out += name(state);
  out += "\",\"uptime\":";
  appendNumber(out, now.uptime_ms);
  out.push_back('}');
}

bool figuresFromStats(const std::string &document, Utilization &out) {
  const auto answer = json::parseObject(document);
  if (!answer) return false;
  const auto memory = json::object(*answer, "memory_stats");
  if (memory.isNull()) return false;
  const std::uint64_t usage = json::unsignedNumber(memory, "usage");
  const auto stats = json::object(memory, "stats");
  const std::uint64_t total = json::unsignedNumber(stats, "total_inactive_file");
  const std::uint64_t own = json::unsignedNumber(stats, "inactive_file");
  if (!stats.isNull() && stats->has("total_inactive_file") && total < usage)
    out.memory_bytes = usage - total;
  else
    out.memory_bytes = own < usage ? usage - own : usage;
  out.memory_limit_bytes = json::unsignedNumber(memory, "limit");

  const auto cpu = json::object(*answer, "cpu_stats"), before = json::object(*answer, "precpu_stats");
  const auto used = [](const json::Object &of) {
    return static_cast<double>(json::unsignedNumber(json::object(of, "cpu_usage"), "total_usage"));
  };
  const double cpu_delta = used(cpu) - used(before);
  const double system_delta = static_cast<double>(json::unsignedNumber(cpu, "system_cpu_usage")) -
                              static_cast<double>(json::unsignedNumber(before, "system_cpu_usage"));
  double cores = static_cast<double>(json::number(cpu, "online_cpus"));
  const auto each = json::array(json::object(cpu, "cpu_usage"), "percpu_usage");
  if (cores == 0 && !each.isNull()) cores = static_cast<double>(each->size());
  out.cpu_absolute = 0;
  if (cpu_delta > 0 && system_delta > 0)
    out.cpu_absolute = std::round(cpu_delta / system_delta * 100.0 * (cores > 0 ? cores : 1) * 1000.0) / 1000.0;

  out.rx_bytes = out.tx_bytes = out.read_bytes = out.write_bytes = 0;
  if (const auto networks = json::object(*answer, "networks"); !networks.isNull())
    for (const auto &entry : *networks) {
      const auto network = networks->getObject(entry.first);
      out.rx_bytes += json::unsignedNumber(network, "rx_bytes");
      out.tx_bytes += json::unsignedNumber(network, "tx_bytes");
    }
  const auto moved = json::array(json::object(*answer, "blkio_stats"), "io_service_bytes_recursive");
  for (unsigned i = 0; !moved.isNull() && i < moved->size(); ++i) {
    const auto entry = moved->getObject(i);
    const std::string operation = json::text(entry, "op");
    if (operation == "Read" || operation == "read") out.read_bytes += json::unsignedNumber(entry, "value");
    if (operation == "Write" || operation == "write") out.write_bytes += json::unsignedNumber(entry, "value");
  }
  return true;
}

void Figures::start(std::chrono::milliseconds period) {
  timer_ = loop_.after(
      period,
      [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->tick();
      },
      period);
}

void Figures::stop() {
  loop_.cancel(timer_);
  loop_.post([self = shared_from_this()] {
    for (auto &entry : self->entries_)
      if (entry.second.stream) entry.second.stream->stop();
    self->entries_.clear();
  });
}

void Figures::begin(const ServerPtr &server, const std::string &container, int pid, std::int64_t started_at_ms,
                    const std::string &root) {
  Entry entry;
  entry.server = server;
  entry.started_at_ms = started_at_ms;
  auto reader = CgroupReader::open(pid, root);
  UniqueFd stream;
  if (reader) {
    entry.reader = std::move(*reader);
  } else {
    auto fd = engine_.open("GET", "/containers/" + urlEncoded(container) + "/stats?stream=1", std::chrono::seconds(10));
    if (!fd) return log::warn("no figures for this server: " + fd.error().text, {{"server", server->text()}});
    stream = std::move(*fd);
  }
  // A shared box: what is posted has to be copyable, and descriptors are not.
  auto box = std::make_shared<std::pair<Entry, UniqueFd>>(std::move(entry), std::move(stream));
  loop_.post([self = shared_from_this(), box] { self->add(std::move(box->first), std::move(box->second)); });
}

void Figures::add(Entry entry, UniqueFd stream) {
  auto &place = entries_[entry.server->id()];
  if (place.stream) place.stream->stop();
  place = std::move(entry);
  if (stream)
    place.stream = follow(place.server, std::move(stream), place.started_at_ms);
  else
    measure(place, Clock::now());
}

void Figures::end(const ServerPtr &server) {
  loop_.post([self = shared_from_this(), server] {
    const auto found = self->entries_.find(server->id());
    if (found == self->entries_.end()) return;
    if (found->second.stream) found->second.stream->stop();
    self->entries_.erase(found);
    if (server->state() != State::offline) return;
    Utilization none; // a reading may have come between the state and this
    none.memory_limit_bytes = server->utilization().memory_limit_bytes;
    server->setUtilization(none);
  });
}

void Figures::tick() {
  const auto now = Clock::now();
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (it->second.stream || measure(it->second, now))
      ++it;
    else
      it = entries_.erase(it);
  }
}

// False when the container is gone.
bool Figures::measure(Entry &entry, Clock::time_point now) {
  RawFigures raw;
  if (!entry.reader.read(raw)) return false;
  Utilization use;
  use.memory_bytes = raw.memory_bytes;
  use.memory_limit_bytes = raw.memory_limit_bytes;
  if (!entry.first) {
    const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(now - entry.before_at).count();
    use.cpu_absolute = cpuPercent(raw.cpu_ns, entry.before.cpu_ns, elapsed);
  }
  use.rx_bytes = raw.rx_bytes;
  use.tx_bytes = raw.tx_bytes;
  use.read_bytes = raw.read_bytes;
  use.write_bytes = raw.write_bytes;
  use.uptime_ms = std::max<std::int64_t>(wallMs() - entry.started_at_ms, 0);
  const bool told = !entry.first; // the first reading has no processor time to compare with
  entry.before = raw;
  entry.before_at = now;
  entry.first = false;
  if (told)
    tell(entry, use);
  else if (entry.server->state() != State::offline)
    entry.server->setUtilization(use);
  return true;
}

void Figures::tell(const Entry &entry, Utilization now) {
  const auto &server = entry.server;
  const State state = server->state();
  if (state == State::offline) return;
  server->setUtilization(now);
  const std::int64_t disk = disk_.known(server);
  if (!bus_.wanted("stats", server->text())) return;
  payload_.clear();
  appendSortedStats(payload_, now, state, disk);
  bus_.publish("stats", server->text(), payload_);
}

std::shared_ptr<ResponseStream> Figures::follow(const ServerPtr &server, UniqueFd fd, std::int64_t started_at_ms) {
  const auto lines = std::make_shared<LineReader>();
  const auto on_bytes = [weak = weak_from_this(), lines, server, started_at_ms](int status, std::string_view bytes) {
    const auto self = weak.lock();
    if (!self || status != 200) return;
    lines->feed(bytes, [&](std::string_view line) {
      Utilization use;
      if (!figuresFromStats(std::string(line), use)) return;
      use.uptime_ms = std::max<std::int64_t>(wallMs() - started_at_ms, 0);
      const auto found = self->entries_.find(server->id());
      if (found != self->entries_.end()) self->tell(found->second, use);
    });
  };
  return ResponseStream::begin(loop_, std::move(fd), on_bytes, [](const Result<int> &) {});
}

} // namespace pinion::core
