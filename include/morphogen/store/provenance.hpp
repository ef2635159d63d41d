#pragma once

#include <string>

namespace morphogen::store {

/// One launch (start or resume) as /provenance keeps it. Program, compiler and library versions
/// are added by the store.
struct Provenance {
    std::string config_toml{}; // resolved
    std::string host{};
    int ranks = 1;
    int compute_threads = 1;
    int io_threads = 1;
    std::string isa{};
    std::string time{}; // ISO 8601, UTC
};

} // namespace morphogen::store
