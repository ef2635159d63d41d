#include "morphogen/core/error.hpp"
#include "morphogen/rework/gather.hpp"

#include <charconv>

namespace morphogen::rework {
namespace {

using core::Index;

/// Numbers from 1 on, between one of @p separators; empty: it is not that.
std::vector<Index> parse_extents(std::string_view text, std::string_view separators) {
    std::vector<Index> numbers;
    while (true) {
        Index n = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (error != std::errc{} || n < 1) return {};
        numbers.push_back(n);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (text.empty()) return numbers;
        if (separators.find(text.front()) == std::string_view::npos) return {};
        text.remove_prefix(1);
    }
}

} // namespace

RawFormat parse_raw_format(std::string_view text) {
    const auto colon = text.find(':');
    RawFormat format;
    if (colon != std::string_view::npos) {
        format.type = store::parse_number_type(text.substr(0, colon));
        format.shape = parse_extents(text.substr(colon + 1), "x,");
    }
    if (format.shape.empty() || format.shape.size() > 7)
        throw core::UsageError(core::ErrorText{.what = "not a raw format",
                                               .where = text,
                                               .why = "TYPE:SHAPE was expected, of 1 to 7 axes",
                                               .advice = "as in f32:256x256 or u16be:100"});
    return format;
}

std::vector<Index> parse_chunks(std::string_view text) {
    auto chunk = parse_extents(text, ",");
    if (chunk.empty())
        throw core::UsageError(core::ErrorText{.what = "not a chunk shape",
                                               .where = text,
                                               .why = "numbers of at least 1 were expected",
                                               .advice = "as in 1,64,64"});
    return chunk;
}

Reduction parse_reduction(std::string_view text) {
    if (text == "stack") return Reduction::stack;
    if (text == "mean") return Reduction::mean;
    if (text == "min") return Reduction::min;
    if (text == "max") return Reduction::max;
    throw core::UsageError(core::ErrorText{
        .what = "unknown reduction", .where = text, .advice = "use stack, mean, min or max"});
}

} // namespace morphogen::rework
