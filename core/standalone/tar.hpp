// A tar archive in memory (ustar), for the root file system of the demonstration image.
#pragma once

#include <string>
#include <string_view>

namespace pinion::core {

class TarWriter {
public:
  // Names are relative, at most 100 bytes; all entries belong to root and have the same old date, so that the same
  // contents give the same archive.
  void folder(std::string_view name, unsigned mode = 0755);
  void file(std::string_view name, std::string_view contents, unsigned mode = 0644);
  void link(std::string_view name, std::string_view target);
  [[nodiscard]] std::string finish(); // ends the archive and gives it away

private:
  void header(std::string_view name, char type, unsigned mode, std::size_t size, std::string_view target);
  std::string out_;
};

} // namespace pinion::core
