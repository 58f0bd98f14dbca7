// Facts and housekeeping of the engine itself (contract http.md 3). [pool]
#pragma once

#include "docker/engine.hpp"

#include <string>

namespace pinion::core {

Result<std::string> describeEngine(Engine &engine, std::chrono::milliseconds deadline);
// GET /api/system/docker/disk and DELETE /api/system/docker/image/prune.
Result<std::string> engineDiskUse(Engine &engine, std::chrono::milliseconds deadline);
Result<std::string> pruneImages(Engine &engine, std::chrono::milliseconds deadline);

// Pure: from the engine's answers to ours.
Result<std::string> diskUseFromAnswer(const std::string &system_df);
Result<std::string> pruneFromAnswer(const std::string &images_prune);

} // namespace pinion::core
