#include "app/plugin_folder.hpp"

#include <filesystem>

namespace pinion::core {

namespace fs = std::filesystem;

std::string findPluginFolder(const std::string &configured, const std::string &program, const std::string &installed) {
  if (!configured.empty()) return configured;
  const fs::path beside = fs::path(program).parent_path().parent_path() / "lib" / "pinion" / "plugins";
  std::error_code error;
  if (fs::is_directory(beside, error)) return beside.string();
  return installed;
}

std::string programPath() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).string();
}

} // namespace pinion::core
