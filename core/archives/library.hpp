// Small things around libarchive.
#pragma once

#include "base/result.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <memory>
#include <string>

namespace pinion::core::archives {

// libarchive converts names by the thread's locale. While this lives it is C.UTF-8 (or another), so that names stay the
// bytes they are.
class NamesAsBytes {
public:
  explicit NamesAsBytes(const char *locale = "C.UTF-8");
  ~NamesAsBytes();
  NamesAsBytes(const NamesAsBytes &) = delete;
  NamesAsBytes &operator=(const NamesAsBytes &) = delete;

private:
  locale_t own_, before_;
};

struct FreeArchive {
  void operator()(archive *a) const { archive_free(a); }
};
using ArchivePtr = std::unique_ptr<archive, FreeArchive>;

struct FreeEntry {
  void operator()(archive_entry *e) const { archive_entry_free(e); }
};
using EntryPtr = std::unique_ptr<archive_entry, FreeEntry>;

// What libarchive says, behind `what`.
inline std::string words(archive *a, const char *what) {
  const char *said = archive_error_string(a);
  return std::string(what) + ": " + (said != nullptr ? said : "no reason given");
}

} // namespace pinion::core::archives
