// What files of the kinds that are no text begin with, for mime.cpp and mime_families.cpp. All functions are pure;
// `head` are the file's first bytes, however few.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string_view>

namespace pinion::files::mime {

using View = std::string_view;

// Whether the bytes are there; never in an empty rest.
bool startsWith(View head, std::size_t offset, View bytes);
bool startsWithAny(View head, std::initializer_list<View> all);
// The byte at `i`, the four bytes from `offset` on: they must be there.
std::uint8_t at(View head, std::size_t i);
std::uint32_t number(View head, std::size_t offset, bool big_endian);

// One rule: a signature at an offset, or a function.
struct Kind {
  const char *name;
  std::size_t offset;
  View bytes;
  bool (*is)(View head) = nullptr;
  bool fits(View head) const { return is != nullptr ? is(head) : startsWith(head, offset, bytes); }
};

// The name of the first rule that fits, or nullptr.
template <std::size_t N> const char *first(const Kind (&kinds)[N], View head) {
  const auto found =
      std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind &kind) { return kind.fits(head); });
  return found == std::end(kinds) ? nullptr : found->name;
}

// The more closely told kind of one of a family (a zip that is a document, ...); nullptr when it is no more than that.
const char *closerKind(View kind, View head);

// "RIFF" or the like, four bytes of size, then the form.
bool isForm(View head, View container, View form);
bool isBrand(View head, std::initializer_list<View> brands);
bool isJpeg2000(View head, View brand);
bool isZip(View head);
// A member of the zip whose header is within the bytes, and whose name begins so.
bool zipHolds(View head, std::initializer_list<View> names);
bool isMatroska(View head, View type);
// The class of the root entry of a compound document.
bool isOleClass(View head, View id);
// The old tar header has no mark: its numbers must look like octal ones.
bool isTar(View head);
bool isMp3(View head);
bool isQuickTime(View head);
bool isAccess(View head);
bool isFat(View head);
bool isMachO(View head);
bool isDbase(View head);
bool isShape(View head);
bool isMarc(View head);
bool isSignature(View head);
bool isDrawing(View head);
bool isChromeExtension(View head);
bool isEmbeddedFont(View head);

} // namespace pinion::files::mime
