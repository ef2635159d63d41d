#pragma once

#include "morphogen/io/range_reader.hpp"

#include "io/read_groups.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <variant>

namespace morphogen::io {

/// `what (path, offset 5, length 7): why`; a length of to_end is "to the end".
core::Error range_error(const std::string& what, const std::filesystem::path& path,
                        core::Index offset, core::Index length, const std::string& why);

/// The failure of @p range of @p request, or of the request where there is none.
ReadFailure read_failure(const std::shared_ptr<const std::filesystem::path>& path,
                         const ActiveRequest& request, const Range* range, const std::string& why);

/// @p range with its offset from the start and its length of @p size bytes, or why there is no such
/// range.
std::variant<Range, std::string> resolve(const Range& range, core::Index size);

/// Why a range that was inside the file was read only up to its first @p bytes.
std::string shrank(const Range& range, core::Index bytes);

/// Why a file of this mode is not one to read ranges of.
std::string not_regular(unsigned mode);

} // namespace morphogen::io
