#pragma once

#include "morphogen/core/json_reader.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace morphogen::bench {

/// What `bench --json` printed, read back: every cell is of the kind that its column says.
struct Results {
    core::JsonValue provenance;                // null if there is none (versions before it)
    std::vector<core::JsonValue> measurements; // in order
};

/// @param where the file, for errors. @throws core::UsageError naming it and the first thing that
/// is not as bench prints it.
Results results_in(core::JsonValue document, std::string_view where);

/// @throws core::UsageError also if it cannot be read, or is not JSON.
Results read_results(const std::filesystem::path& path);

} // namespace morphogen::bench
