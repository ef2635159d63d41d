#include "morphogen/core/error.hpp"
#include "morphogen/rework/render.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

/// What the command line of `render` says as text.
namespace morphogen::rework {
namespace {

[[noreturn]] void refuse_option(std::string_view what, std::string_view text,
                                std::string_view advice) {
    throw core::UsageError(core::ErrorText{.what = what, .where = text, .advice = advice});
}

/// The whole of @p text as a number.
template <typename Number>
std::optional<Number> number_of(std::string_view text) {
    Number number{};
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || status != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

} // namespace

ValueRange parse_range(std::string_view text) {
    const std::size_t comma = text.find(',');
    const auto low = number_of<double>(text.substr(0, comma));
    const auto high =
        comma == std::string_view::npos ? std::nullopt : number_of<double>(text.substr(comma + 1));
    if (!low || !high || !std::isfinite(*low) || !std::isfinite(*high) || !(*low < *high))
        refuse_option("not a range of values", text,
                      "write the lower end, a comma and the upper end: 0,0.4");
    return {*low, *high};
}

Scale parse_scale(std::string_view text) {
    constexpr core::Index most = 64;
    const bool smaller = text.starts_with("1/");
    if (const auto factor = number_of<core::Index>(smaller ? text.substr(2) : text)) {
        if (*factor >= 1 && *factor <= most)
            return smaller ? Scale{.up = 1, .down = *factor} : Scale{.up = *factor, .down = 1};
    } else if (const auto number = number_of<double>(text)) {
        const double cells = std::round(1.0 / *number); // on a side, averaged into a pixel
        if (cells >= 1.0 && cells <= static_cast<double>(most) && 1.0 / cells == *number)
            return {.up = 1, .down = static_cast<core::Index>(cells)};
    }
    refuse_option("not a scale", text,
                  "write 1 to 64 pixels per cell to enlarge, 1/2 to 1/64 (or 0.5, 0.25) to shrink");
}

core::Index parse_slice(std::string_view text) {
    const auto z = number_of<core::Index>(text.starts_with("z=") ? text.substr(2) : text);
    if (!z) refuse_option("not a slice", text, "write z=K, K from 0, or negative from the end");
    return *z;
}

Flatten parse_projection(std::string_view text) {
    if (text != "max") refuse_option("unknown projection", text, "max is the one there is");
    return Flatten::max;
}

} // namespace morphogen::rework
