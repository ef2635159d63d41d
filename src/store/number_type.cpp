#include "morphogen/store/number_type.hpp"

#include "morphogen/core/error.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace morphogen::store {
namespace {

struct Spelling {
    NumberType type;
    char kind; // as in "i16" and numpy's "i2"
    std::size_t bytes;
};

constexpr std::array spellings{
    Spelling{NumberType::i8, 'i', 1},  Spelling{NumberType::i16, 'i', 2},
    Spelling{NumberType::i32, 'i', 4}, Spelling{NumberType::i64, 'i', 8},
    Spelling{NumberType::u8, 'u', 1},  Spelling{NumberType::u16, 'u', 2},
    Spelling{NumberType::u32, 'u', 4}, Spelling{NumberType::u64, 'u', 8},
    Spelling{NumberType::f32, 'f', 4}, Spelling{NumberType::f64, 'f', 8}};

const Spelling& spelling_of(NumberType type) noexcept {
    return *std::find_if(spellings.begin(), spellings.end(),
                         [&](const Spelling& s) { return s.type == type; });
}

[[noreturn]] void refuse(std::string_view text) {
    throw core::UsageError(
        core::ErrorText{.what = "unknown number type",
                        .where = text,
                        .advice = "use f32, f64, i8 to i64 or u8 to u64, with 'le' or 'be' behind "
                                  "for the byte order, or numpy's '<f4', '>f4'"});
}

/// Takes @p part from the end of @p text, if it is there.
bool drop_end(std::string_view& text, std::string_view part) noexcept {
    if (!text.ends_with(part)) return false;
    text.remove_suffix(part.size());
    return true;
}

bool drop_start(std::string_view& text, std::string_view part) noexcept {
    if (!text.starts_with(part)) return false;
    text.remove_prefix(part.size());
    return true;
}

} // namespace

std::size_t bytes_of(NumberType type) noexcept {
    return spelling_of(type).bytes;
}

bool is_floating(NumberType type) noexcept {
    return type == NumberType::f32 || type == NumberType::f64;
}

std::string name_of(NumberType type) {
    const Spelling& s = spelling_of(type);
    const char* kind = s.kind == 'f' ? "float" : s.kind == 'u' ? "uint" : "int";
    return kind + std::to_string(8 * s.bytes);
}

SpelledType parse_number_type(std::string_view text) {
    std::string_view rest = text;
    constexpr bool little = std::endian::native == std::endian::little;
    const bool numpy_big = drop_start(rest, ">");
    const bool numpy = numpy_big || drop_start(rest, "<");
    const bool big = numpy ? numpy_big : drop_end(rest, "be");
    const bool ordered = numpy || big || drop_end(rest, "le");
    for (const Spelling& s : spellings) {
        const std::string bits = std::to_string(8 * s.bytes);
        const std::string short_name = s.kind + (numpy ? std::to_string(s.bytes) : bits);
        if (rest == short_name || (!numpy && rest == name_of(s.type)))
            return {s.type, ordered && big == little && s.bytes > 1};
    }
    refuse(text);
}

void swap_bytes(std::span<std::byte> values, std::size_t element) noexcept {
    const auto swap_as = [&]<std::size_t n>(std::integral_constant<std::size_t, n>) {
        for (std::byte* p = values.data(); p + n <= values.data() + values.size(); p += n)
            std::reverse(p, p + n); // a constant length: one instruction
    };
    if (element == 2) swap_as(std::integral_constant<std::size_t, 2>{});
    if (element == 4) swap_as(std::integral_constant<std::size_t, 4>{});
    if (element == 8) swap_as(std::integral_constant<std::size_t, 8>{});
}

} // namespace morphogen::store
