// One entry of the activity log that is on its way to be kept.
#pragma once

#include <pinion/cpp/result.hpp>

#include <memory>
#include <string>

namespace sftp {

struct Record {
  std::string event;
  pinion::Json metadata;
  bool kept = false; // belongs to the connection's thread
};
using RecordPtr = std::shared_ptr<Record>;

} // namespace sftp
