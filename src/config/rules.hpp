#pragma once

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/suggest.hpp"

#include "config/reader.hpp"
#include "config/show.hpp"

#include <cmath>
#include <concepts>
#include <limits>
#include <utility>

namespace morphogen::config {

/// Beyond this no quantity of a model is meant, its square still fits a double and itself a float.
inline constexpr double largest_number = 1e30;
inline constexpr Index largest_count = Index{1} << 53; // exact as a double: times are count * dt

struct Range {
    double min = 0.0;
    double max = largest_number;
    bool above_min = false; // min itself is refused
};

/// An integer or a float as a double.
std::optional<double> as_number(const Value& value);
std::optional<std::vector<Index>> as_integers(const Value& value, Index min, Index max);
std::optional<std::vector<double>> as_numbers(const Value& value, const Range& range);

bool contains(const Range& range, double number) noexcept;
std::string describe(const Range& range);
std::string describe(Index min, Index max);
Problem too_large(const Value& value, std::string_view max);
bool is_plain_text(std::string_view text) noexcept; // no control characters

/// "[y, x]" or "[z, y, x]"
std::string_view axes(int dims) noexcept;
/// A list of one value per axis is {z, y, x} with 0 in front in 2-D; the other way round for
/// printing.
template <typename T>
std::array<T, 3> to_zyx(const std::vector<T>& list) {
    std::array<T, 3> zyx{};
    std::copy(list.begin(), list.end(), zyx.end() - static_cast<std::ptrdiff_t>(list.size()));
    return zyx;
}
template <typename T>
std::vector<T> from_zyx(const std::array<T, 3>& zyx, int dims) {
    return {zyx.end() - dims, zyx.end()};
}
/// The problem of a list whose length is not the grid's rank.
Problem not_per_axis(const Value& value, std::string_view of_what, int dims,
                     std::string_view example);

/// "one", "two" or "three" of names for a message: `"a", "b" or "c"`
std::string alternatives(const std::vector<std::string>& names);
Problem not_a_choice(const Value& value, const std::vector<std::string>& names);

/// The rules of the keys of @p Owner. @p project gives the member that a key stands for: a member
/// pointer or a generic lambda that keeps constness.
template <typename Owner>
struct Rules {
    using R = Rule<Owner>;

    static R with_example(R rule, std::string example) {
        rule.example = std::move(example);
        return rule;
    }

    /// The default is the example.
    static R finished(R rule) {
        rule.example = rule.print(Owner{}, Config{});
        return rule;
    }

    template <typename Project>
    static R real(Project project, Range range = {}) {
        return finished(
            {describe(range),
             {},
             [=](const Value& value, Owner& owner, Reader&) {
                 const auto number = as_number(value);
                 if (number && *number > range.max && range.max >= largest_number)
                     return too_large(value, show(range.max));
                 if (!number || !contains(range, *number)) return not_as_expected();
                 std::invoke(project, owner) = *number;
                 return none();
             },
             [=](const Owner& owner, const Config&) { return show(std::invoke(project, owner)); }});
    }

    /// A number that may be left out.
    template <typename Project>
    static R optional_real(Project project, std::string example) {
        const Range range{-largest_number, largest_number};
        return {describe(range), std::move(example),
                [=](const Value& value, Owner& owner, Reader&) {
                    const auto number = as_number(value);
                    if (number && *number > range.max && range.max >= largest_number)
                        return too_large(value, show(range.max));
                    if (!number || !contains(range, *number)) return not_as_expected();
                    std::invoke(project, owner) = *number;
                    return none();
                },
                [=](const Owner& owner, const Config&) {
                    const std::optional<double>& number = std::invoke(project, owner);
                    return number ? show(*number) : std::string();
                }};
    }

    template <typename Project>
    static R integer(Project project, Index min, Index max) {
        return finished({describe(min, max),
                         {},
                         [=](const Value& value, Owner& owner, Reader&) {
                             const auto* number = std::get_if<Index>(&value.data);
                             if (number && *number > max && max >= largest_count)
                                 return too_large(value, std::to_string(max));
                             if (!number || *number < min || *number > max)
                                 return not_as_expected();
                             auto& member = std::invoke(project, owner);
                             member = core::checked_cast<std::remove_reference_t<decltype(member)>>(
                                 *number);
                             return none();
                         },
                         [=](const Owner& owner, const Config&) {
                             return std::to_string(std::invoke(project, owner));
                         }});
    }

    static R flag(bool Owner::*member) {
        return finished({"true or false",
                         {},
                         [=](const Value& value, Owner& owner, Reader&) {
                             const auto* flag = std::get_if<bool>(&value.data);
                             if (!flag) return not_as_expected();
                             owner.*member = *flag;
                             return none();
                         },
                         [=](const Owner& owner, const Config&) {
                             return std::string(owner.*member ? "true" : "false");
                         }});
    }

    static R text(std::string Owner::*member, std::string example) {
        return {"text in quotes, not empty, without control characters", std::move(example),
                [=](const Value& value, Owner& owner, Reader&) {
                    const auto* text = std::get_if<std::string>(&value.data);
                    if (!text || text->empty() || !is_plain_text(*text)) return not_as_expected();
                    owner.*member = *text;
                    return none();
                },
                [=](const Owner& owner, const Config&) { return in_quotes(owner.*member); }};
    }

    /// One of a few names.
    template <typename E>
    static R choice(E Owner::*member, std::vector<std::pair<std::string, E>> choices) {
        std::vector<std::string> names;
        for (const auto& [name, value] : choices)
            names.push_back(name);
        return finished({alternatives(names),
                         {},
                         [=](const Value& value, Owner& owner, Reader&) {
                             const auto* text = std::get_if<std::string>(&value.data);
                             for (const auto& [name, meaning] : choices)
                                 if (text && *text == name) {
                                     owner.*member = meaning;
                                     return none();
                                 }
                             return not_a_choice(value, names);
                         },
                         [=](const Owner& owner, const Config&) {
                             for (const auto& [name, meaning] : choices)
                                 if (meaning == owner.*member) return in_quotes(name);
                             return std::string();
                         }});
    }

    /// Text that a pair of functions turns into a member and back: durations, codecs.
    template <typename T, typename Parse, typename Show>
    static R parsed(T Owner::*member, std::string expected, Parse parse, Show to_text) {
        return finished(
            {std::move(expected),
             {},
             [=](const Value& value, Owner& owner, Reader&) {
                 const auto* text = std::get_if<std::string>(&value.data);
                 auto result = text ? parse(*text) : std::nullopt;
                 if (!result) return not_as_expected();
                 owner.*member = *std::move(result);
                 return none();
             },
             [=](const Owner& owner, const Config&) { return in_quotes(to_text(owner.*member)); }});
    }

    /// "auto", or one positive integer per axis of the grid.
    static R per_axis_or_auto(std::optional<std::vector<Index>> Owner::*member, Index max,
                              std::string example2, std::string example3) {
        return {"", example2,
                [=](const Value& value, Owner& owner, Reader& reader) {
                    const auto* text = std::get_if<std::string>(&value.data);
                    if (text && *text == "auto") {
                        owner.*member = std::nullopt;
                        return none();
                    }
                    const int dims = reader.dims().value_or(0);
                    const auto list = as_integers(value, 1, max);
                    if (!list || (dims > 0 && std::ssize(*list) != dims))
                        return not_per_axis(value, "\"auto\" or positive integers", dims,
                                            dims == 3 ? example3 : example2);
                    owner.*member = *list;
                    return none();
                },
                [=](const Owner& owner, const Config&) {
                    return owner.*member ? show_list(*(owner.*member)) : in_quotes("auto");
                },
                example3};
    }
};

/// The dotted names below a key that holds tables of @p keys.
template <typename Item>
std::vector<std::string> names_of(const std::vector<Key<Item>>& keys) {
    std::vector<std::string> names;
    for (const auto& key : keys)
        names.emplace_back(key.name);
    return names;
}

} // namespace morphogen::config
