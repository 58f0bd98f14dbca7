// Writing JSON text by appends, as Go's encoding/json writes it: the wire contract's form (contract http.md 1).
// pinion::appendJsonString and pinion::jsonString are the SDK's: one form on both sides of the border.
#pragma once

#include <pinion/cpp/json_text.hpp>
