// The options of the contract (sdk/contracts/archives.v1.json) as they come in JSON, and the answers.
#pragma once

#include "archives/pack.hpp"
#include "archives/unpack.hpp"

#include <string>
#include <string_view>

namespace pinion::core::archives {

struct PackRequest {
  PackOptions options;
  std::string ignore; // a list of rules
  bool owner = false;
};
struct UnpackRequest {
  UnpackOptions options;
  bool owner = false;
};

// Empty text: the defaults. Code::invalid names the key that is wrong.
Result<PackRequest> readPackRequest(std::string_view json);
Result<UnpackRequest> readUnpackRequest(std::string_view json);

std::string toJson(const Packed &packed);
std::string toJson(const Unpacked &unpacked);
std::string toJson(const Progress &progress);

// The error with the errno's name before its text: "ETXTBSY: ...".
Error named(Error error);

} // namespace pinion::core::archives
