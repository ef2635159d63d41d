#pragma once

namespace morphogen::core {

/// What this build is: recorded in every file's provenance and printed by --version.
struct BuildInfo {
    const char* version;  // "0.1.0"
    const char* revision; // git revision, with "-dirty" where the tree had changes; "unknown"
                          // outside a checkout
    const char* compiler; // "GNU 12.2.0"
    const char* build_type;
};

const BuildInfo& build_info() noexcept;

} // namespace morphogen::core
