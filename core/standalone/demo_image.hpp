// The pieces of ensureDemoImage (folder_source.hpp), apart so that they can be tested without an engine.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace pinion::core {

// Whether an ELF program runs without a dynamic loader. False for what is no ELF program.
bool isStaticProgram(std::string_view elf);

// The first statically linked busybox of the usual places. The error names the package to install.
Result<std::string> findBusybox();

// The image's root file system as a tar archive.
std::string demoRootFileSystem(std::string_view busybox);

// The path of the import request for an image "repository:tag".
std::string importPath(const std::string &image);

} // namespace pinion::core
