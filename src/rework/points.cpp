#include "morphogen/core/error.hpp"
#include "morphogen/rework/series.hpp"

#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<Dims> point_in(std::string_view text) {
    std::vector<Index> numbers;
    for (;;) {
        const auto comma = text.find(',');
        const std::string_view one = trimmed(text.substr(0, comma));
        Index n = 0;
        const auto [stop, error] = std::from_chars(one.data(), one.data() + one.size(), n);
        if (error != std::errc{} || stop != one.data() + one.size() ||
            numbers.size() == static_cast<std::size_t>(Dims::max_rank))
            return std::nullopt;
        numbers.push_back(n);
        if (comma == std::string_view::npos) return Dims::from(numbers);
        text.remove_prefix(comma + 1);
    }
}

constexpr const char* example = "give one index per axis but time's, as in 540,960";

} // namespace

Dims parse_point(std::string_view text) {
    if (const auto point = point_in(text)) return *point;
    throw core::UsageError(
        core::ErrorText{.what = "not a point", .where = text, .advice = example});
}

std::vector<Dims> read_points(const std::filesystem::path& file) {
    std::ifstream in(file);
    const auto fail = [&](const std::string& where, const std::string& why, const char* advice) {
        throw core::UsageError(core::ErrorText{
            .what = "cannot read points", .where = where, .why = why, .advice = advice});
    };
    if (!in) fail(file.native(), core::errno_text(errno), "");
    std::vector<Dims> points;
    std::string line;
    for (Index number = 1; std::getline(in, line); ++number) {
        const std::string_view text = trimmed(line);
        if (text.empty() || text.front() == '#') continue;
        const std::string where = file.native() + ":" + std::to_string(number);
        const auto point = point_in(text);
        if (!point) fail(where, "'" + std::string(text) + "' is not a point", example);
        if (!points.empty() && points.front().rank() != point->rank())
            fail(where,
                 "it has " + std::to_string(point->rank()) + " indices, the first point has " +
                     std::to_string(points.front().rank()),
                 "");
        points.push_back(*point);
    }
    if (in.bad()) fail(file.native(), core::errno_text(errno), "");
    if (points.empty()) fail(file.native(), "there are none in it", example);
    return points;
}

} // namespace morphogen::rework
