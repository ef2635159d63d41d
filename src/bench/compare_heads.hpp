#pragma once

#include "morphogen/core/json.hpp"
#include "morphogen/core/json_reader.hpp"

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace morphogen::bench {

/// What a file of results says made them.
struct Head {
    std::filesystem::path file;
    core::JsonValue provenance; // null: it says nothing
};

/// A line for each of the files, and one for everything else that differs.
void print_heads(std::ostream& out, const Head& first, const Head& second);

/// The member "provenance": both, null where there is none.
void write_heads(core::JsonWriter& json, const Head& first, const Head& second);

/// What makes a comparison worth less: other options, or that a file does not tell them.
std::vector<std::string> warnings_of(const Head& first, const Head& second);

} // namespace morphogen::bench
