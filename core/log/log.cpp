#include "log/log.hpp"

#include "base/fd.hpp"
#include "base/guarded.hpp"
#include "log/line.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>

namespace pinion::core::log {

namespace {

constexpr std::size_t kMostSecrets = 64;

Level levelOf(spdlog::level::level_enum level) {
  switch (level) {
  case spdlog::level::trace:
  case spdlog::level::debug: return Level::debug;
  case spdlog::level::warn: return Level::warn;
  case spdlog::level::err:
  case spdlog::level::critical: return Level::error;
  default: return Level::info;
  }
}

spdlog::level::level_enum spdlogLevel(Level level) {
  switch (level) {
  case Level::debug: return spdlog::level::debug;
  case Level::warn: return spdlog::level::warn;
  case Level::error: return spdlog::level::err;
  case Level::info: break;
  }
  return spdlog::level::info;
}

class LineFormatter : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg &message, spdlog::memory_buf_t &out) override {
    using namespace std::chrono;
    const auto since = message.time.time_since_epoch();
    const std::time_t seconds = duration_cast<std::chrono::seconds>(since).count();
    std::tm when{};
    ::localtime_r(&seconds, &when);
    const auto prefix =
        linePrefix(levelOf(message.level), when, static_cast<int>(duration_cast<milliseconds>(since).count() % 1000));
    message.color_range_start = out.size();
    message.color_range_end = out.size() + 5; // the level
    out.append(prefix.data(), prefix.data() + prefix.size());
    out.append(message.payload.data(), message.payload.data() + message.payload.size());
    out.push_back('\n');
  }
  [[nodiscard]] std::unique_ptr<formatter> clone() const override { return std::make_unique<LineFormatter>(); }
};

Error systemError(const std::string &what, int number) {
  return {number == EACCES || number == EPERM ? Code::denied : Code::io, what + ": " + std::strerror(number)};
}

class FileSink : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}

  Result<void> reopen() {
    UniqueFd next(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (!next) return systemError("cannot open the log file " + path_, errno);
    const std::lock_guard lock(mutex_);
    fd_ = std::move(next);
    return {};
  }

protected:
  void sink_it_(const spdlog::details::log_msg &message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const char *at = line.data();
    std::size_t left = line.size();
    while (left > 0) {
      const ssize_t written = ::write(fd_.get(), at, left);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return; // a full disk: the console has the line
      at += written;
      left -= static_cast<std::size_t>(written);
    }
  }
  void flush_() override {}

private:
  std::string path_;
  UniqueFd fd_;
};

struct Output {
  std::shared_ptr<spdlog::logger> logger;
  std::shared_ptr<FileSink> file;
};

Output makeOutput(std::shared_ptr<FileSink> file) {
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<spdlog::sinks::stderr_color_sink_mt>()};
  if (file) sinks.push_back(file);
  auto logger = std::make_shared<spdlog::logger>("pinion", sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::trace); // enabled() decides
  logger->set_formatter(std::make_unique<LineFormatter>());
  logger->set_error_handler([](const std::string &) {}); // there is nowhere left to say it
  return {std::move(logger), std::move(file)};
}

struct State {
  std::atomic<Level> level{Level::info};
  Guarded<Output> output{makeOutput(nullptr)};
  Guarded<std::vector<std::string>> secrets;
};

// Never destroyed: threads and destructors may log until the very end.
State &state() {
  static auto *state = new State;
  return *state;
}

Result<void> makeDirectory(const std::string &directory) {
  std::string part;
  for (std::size_t at = 0; at != std::string::npos;) {
    at = directory.find('/', at + 1);
    part = directory.substr(0, at);
    if (part.empty() || ::mkdir(part.c_str(), 0700) == 0 || errno == EEXIST) continue;
    return systemError("cannot make the log directory " + part, errno);
  }
  return {};
}

} // namespace

Result<void> open(const std::string &directory, bool debug, bool quiet) {
  std::shared_ptr<FileSink> file;
  if (!directory.empty()) {
    if (auto made = makeDirectory(directory); !made) return made;
    file = std::make_shared<FileSink>(directory + "/wings.log");
    if (auto opened = file->reopen(); !opened) return opened;
  }
  state().output.with([&](Output &output) { output = makeOutput(std::move(file)); });
  state().level = debug ? Level::debug : quiet ? Level::warn : Level::info;
  return {};
}

void reopen() {
  const auto file = state().output.with([](const Output &output) { return output.file; });
  if (!file) return;
  if (auto opened = file->reopen(); !opened) error("kept the old log file", {{"error", opened.error().text}});
}

void flush() {
  const auto logger = state().output.with([](const Output &output) { return output.logger; });
  logger->flush();
}

bool enabled(Level level) { return level >= state().level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  try {
    const auto text =
        state().secrets.with([&](const auto &secrets) { return lineText(message, std::move(fields), secrets); });
    const auto logger = state().output.with([](const Output &output) { return output.logger; });
    logger->log(spdlogLevel(level), spdlog::string_view_t(text.data(), text.size()));
  } catch (const std::exception &) {
    // Out of memory: a lost line must not take the daemon with it.
  }
}

void addSecret(std::string secret) {
  if (secret.empty()) return;
  state().secrets.with([&](std::vector<std::string> &secrets) {
    if (std::find(secrets.begin(), secrets.end(), secret) != secrets.end()) return;
    if (secrets.size() == kMostSecrets) secrets.erase(secrets.begin());
    secrets.push_back(std::move(secret));
  });
}

Result<bool> installLogRotation(const std::string &log_directory, const std::string &rotation_directory) {
  std::error_code failed;
  if (!std::filesystem::is_directory(rotation_directory, failed)) return false;
  const std::string path = rotation_directory + "/wings";
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file && errno == EEXIST) return false;
  if (!file) return systemError("cannot add the log rotation " + path, errno);
  const std::string rules = log_directory + "/wings.log {\n"
                                            "    size 10M\n"
                                            "    compress\n"
                                            "    delaycompress\n"
                                            "    dateext\n"
                                            "    maxage 7\n"
                                            "    missingok\n"
                                            "    notifempty\n"
                                            "    postrotate\n"
                                            "        systemctl kill -s HUP pinion.service >/dev/null 2>&1 || true\n"
                                            "        systemctl kill -s HUP wings.service >/dev/null 2>&1 || true\n"
                                            "    endscript\n"
                                            "}\n";
  if (::write(file.get(), rules.data(), rules.size()) != static_cast<ssize_t>(rules.size())) {
    const auto wrong = systemError("cannot write the log rotation " + path, errno);
    ::unlink(path.c_str()); // half of the rules would stop all of logrotate
    return wrong;
  }
  return true;
}

} // namespace pinion::core::log
