// The table of all keys (contract config.md 2), in the order in which they are written.
#pragma once

#include "config/config.hpp"
#include "config/value.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <variant>

namespace pinion::core {

using Strings = std::vector<std::string>;
using StringMap = std::map<std::string, std::string>;
using RegistryMap = std::map<std::string, Config::Docker::Registry>;
using Slot = std::variant<bool *, int *, std::int64_t *, std::uint32_t *, std::uint64_t *, double *, std::string *,
                          Strings *, StringMap *, RegistryMap *, std::map<int, double> *>;

enum class Presence {
  always, // written always
  newer,  // of newer daemons: written where the file has it, or where it is not the default
};
enum class Secrecy { open, secret };

struct Key {
  const char *path; // YAML, dotted
  const char *push; // the JSON path of POST /api/update, letter case aside; null: cannot be pushed
  Slot (*slot)(Config &config);
  Presence presence = Presence::always;
  Secrecy secrecy = Secrecy::open;
  std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
};

std::span<const Key> keys();

enum class Dialect { yaml, json }; // what counts as a number, a string, ...: YAML is lenient, JSON is not

// Puts `value` where the key lives. null leaves what is there, but empties a list or a map. The error says what the key
// must be, without file and line.
Result<void> assign(const Key &key, Config &config, const Value &value, Dialect dialect);
// The key's value as it is written.
Value valueOf(const Key &key, const Config &config);

} // namespace pinion::core
