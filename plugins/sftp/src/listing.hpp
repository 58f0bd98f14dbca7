// How a file is described to a client: attributes, and a line as `ls -l` has it.
#pragma once

#include "packets.hpp"

#include <pinion/services.h>

#include <sys/stat.h>

#include <string>

namespace sftp {

Attributes attributesOf(const struct stat &facts);
Attributes attributesOf(const pinion_file_info &info);
std::string longName(const struct stat &facts, const std::string &name);

} // namespace sftp
