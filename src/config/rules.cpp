#include "config/rules.hpp"

namespace morphogen::config {

std::optional<double> as_number(const Value& value) {
    if (const auto* integer = std::get_if<Index>(&value.data)) return static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&value.data)) return *real;
    return std::nullopt;
}

std::optional<std::vector<Index>> as_integers(const Value& value, Index min, Index max) {
    const auto* array = std::get_if<Array>(&value.data);
    if (!array) return std::nullopt;
    std::vector<Index> list;
    for (const Value& item : *array) {
        const auto* number = std::get_if<Index>(&item.data);
        if (!number || *number < min || *number > max) return std::nullopt;
        list.push_back(*number);
    }
    return list;
}

std::optional<std::vector<double>> as_numbers(const Value& value, const Range& range) {
    const auto* array = std::get_if<Array>(&value.data);
    if (!array) return std::nullopt;
    std::vector<double> list;
    for (const Value& item : *array) {
        const auto number = as_number(item);
        if (!number || !contains(range, *number)) return std::nullopt;
        list.push_back(*number);
    }
    return list;
}

bool contains(const Range& range, double number) noexcept {
    return number >= range.min && number <= range.max && !(range.above_min && number == range.min);
}

std::string describe(const Range& range) {
    const std::string_view least = range.above_min ? "greater than" : "of at least";
    if (range.max < largest_number)
        return fmt::format("a number {} {:g} and at most {:g}", least, range.min, range.max);
    if (range.min == -largest_number) return "a finite number";
    return fmt::format("a number {} {:g}", least, range.min);
}

std::string describe(Index min, Index max) {
    if (max < largest_count) return fmt::format("an integer from {} to {}", min, max);
    return min < 0 ? "an integer" : fmt::format("an integer of at least {}", min);
}

Problem too_large(const Value& value, std::string_view max) {
    return problem(fmt::format("must be at most {}, got {}; make it smaller", max, show(value)));
}

bool is_plain_text(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string_view axes(int dims) noexcept {
    return dims == 3 ? "[z, y, x]" : "[y, x]";
}

Problem not_per_axis(const Value& value, std::string_view of_what, int dims,
                     std::string_view example) {
    const std::string per_axis = dims == 0 ? "one per axis of the grid"
                                           : fmt::format("one per axis {} of the grid", axes(dims));
    return problem(fmt::format("must be {}, {}, got {}; write for example {}", of_what, per_axis,
                               show(value), example));
}

std::string alternatives(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
        text += in_quotes(names[i]);
    }
    return text;
}

Problem not_a_choice(const Value& value, const std::vector<std::string>& names) {
    const auto* text = std::get_if<std::string>(&value.data);
    std::vector<core::Candidate> candidates;
    for (const std::string& name : names)
        candidates.push_back({name, {}});
    const std::string_view meant = text ? core::closest(*text, candidates) : std::string_view{};
    if (meant.empty()) return not_as_expected();
    return problem(fmt::format("must be {}, got {} (did you mean {}?)", alternatives(names),
                               show(value), in_quotes(meant)));
}

} // namespace morphogen::config
