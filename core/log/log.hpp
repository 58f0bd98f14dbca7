// Logging: spdlog to the console and to <log>/wings.log, in the line format of contract config.md 9. HUP reopens.
// Every function is thread-safe; none throws. A line is one write(2): nothing is buffered, so nothing is lost in a
// crash.
#pragma once

#include "base/result.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinion::core::log {

enum class Level { debug, info, warn, error };
using Fields = std::vector<std::pair<std::string, std::string>>; // printed sorted by key

// Before it is called, lines go to stderr only. `directory` empty: no file. The error names the file.
Result<void> open(const std::string &directory, bool debug, bool quiet);
void reopen(); // [any] after logrotate moved the file
void flush();
[[nodiscard]] bool enabled(Level level);
// [any] A registered secret is replaced by "***", in values and wherever it stands in the text (from 8 bytes on); so is
// what follows "token=" in an address. Control characters are escaped: an entry is one line.
void write(Level level, std::string_view message, Fields fields = {});
void addSecret(std::string secret);

// Adds <rotation_directory>/wings, the logrotate rules for <log_directory>/wings.log, when that folder exists and has
// no such file yet. The result says whether it was added.
Result<bool> installLogRotation(const std::string &log_directory,
                                const std::string &rotation_directory = "/etc/logrotate.d");

inline void debug(std::string_view m, Fields f = {}) { write(Level::debug, m, std::move(f)); }
inline void info(std::string_view m, Fields f = {}) { write(Level::info, m, std::move(f)); }
inline void warn(std::string_view m, Fields f = {}) { write(Level::warn, m, std::move(f)); }
inline void error(std::string_view m, Fields f = {}) { write(Level::error, m, std::move(f)); }

} // namespace pinion::core::log
