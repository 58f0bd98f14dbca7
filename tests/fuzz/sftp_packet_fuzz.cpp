// The reader of SFTP's packets on any bytes: it never reads beyond them, and what it takes it takes once.
#include "fuzz.hpp"

#include "../../plugins/sftp/src/packets.hpp"

#include <algorithm>

using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  // The first bytes say in which order the rest is read.
  const std::size_t plan = std::min<std::size_t>(size, 8);
  sftp::Reader in(std::string_view(reinterpret_cast<const char *>(data) + plan, size - plan));
  std::size_t taken = 0;
  bool torn = false;
  const auto note = [&](bool got, std::size_t bytes) {
    require(!(torn && got), "nothing is read after the end");
    torn = torn || !got;
    if (got) taken += bytes;
  };
  for (std::size_t i = 0; i < plan; ++i) {
    switch (data[i] % 6) {
    case 0: note(in.byte().has_value(), 1); break;
    case 1: note(in.number().has_value(), 4); break;
    case 2: note(in.longNumber().has_value(), 8); break;
    case 3: {
      const auto text = in.text();
      note(text.has_value(), text ? 4 + text->size() : 0);
      break;
    }
    case 4: {
      const auto path = in.path();
      note(path.has_value(), path ? 4 + path->size() : 0);
      require(!path || path->find('\0') == std::string::npos, "a path holds no NUL");
      break;
    }
    default: note(in.attributes().has_value(), 4);
    }
  }
  require(taken <= size - plan, "no more is taken than there is");
  return 0;
}
