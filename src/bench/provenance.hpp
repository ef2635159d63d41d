#pragma once

#include "morphogen/core/json.hpp"

#include "bench/measurements.hpp"

#include <filesystem>
#include <iosfwd>
#include <string>

namespace morphogen::bench {

/// What results were made by, on and with: the head of what is printed, so that whoever compares
/// two of them sees whether they are alike.
struct Provenance {
    std::string version;
    std::string revision;
    std::string compiler;
    std::string build_type;
    std::string instruction_set;
    std::string processor;
    int cores = 0; // that the process may use
    int ranks = 0;
    int threads = 0; // of each rank
    double seconds = 0.0;
    std::string file_system; // of the scratch files
    std::string date;        // UTC, ISO 8601
};

inline constexpr const char* provenance_key = "provenance"; // in JSON

/// Of what is about to be measured.
Provenance provenance_of(const Context& context);

/// The type of the file system that holds @p directory (empty: the system's temporary one), or
/// would: "ext4", "tmpfs"; "unknown" if the system does not tell.
std::string file_system_of(const std::filesystem::path& directory);

/// The member "provenance" of the object that is being written.
void write(core::JsonWriter& json, const Provenance& made);

/// Lines, and an empty one.
void print(std::ostream& out, const Provenance& made, bool brief);

} // namespace morphogen::bench
