// The scanner of forms: the same parts come out whatever pieces the bytes come in. Input: how big the pieces are, then
// the body, whose boundary is "B".
#include "fuzz.hpp"

#include "multipart.hpp"

#include <algorithm>
#include <cstring>
#include <string>

using fuzz::require;
using pinion::files::Multipart;

namespace {

// All that is told, as one text.
std::string told(std::string_view body, std::size_t step) {
  Multipart form("B");
  std::string out;
  bool whole = false;
  for (std::size_t at = 0; !whole;) {
    switch (form.next()) {
    case Multipart::Event::more: {
      require(form.roomSize() > 0, "there is room where bytes are wanted");
      const std::size_t bytes = std::min({step, form.roomSize(), body.size() - at});
      if (bytes == 0) form.ended();
      std::memcpy(form.room(), body.data() + at, bytes);
      form.filled(bytes);
      at += bytes;
      break;
    }
    case Multipart::Event::part: out += "[" + form.part().name + "|" + form.part().file_name.value_or("-") + "]"; break;
    case Multipart::Event::data:
      require(!form.data().empty(), "data is some bytes");
      out += form.data();
      break;
    case Multipart::Event::part_end: out += "."; break;
    case Multipart::Event::malformed: return "malformed"; // what came before it is thrown away by whoever reads
    case Multipart::Event::end: whole = true; break;
    }
  }
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char *>(data) + 1, size - 1);
  require(told(body, data[0] % 16 + 1) == told(body, Multipart::kWindow), "pieces do not matter");
  return 0;
}
