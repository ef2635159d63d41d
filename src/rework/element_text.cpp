#include "rework/element_text.hpp"

#include "rework/with_number_type.hpp"

#include <charconv>

namespace morphogen::rework {
namespace {

template <typename T, bool swapped>
void append(const std::byte* element, std::string& text) {
    std::array<char, 32> digits;
    const T value = load_number<T, swapped>(element);
    const auto put = [&](auto number) {
        return std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    };
    char* end = nullptr;
    if constexpr (std::is_arithmetic_v<T>)
        end = put(value);
    else
        end = put(static_cast<float>(value));
    text.append(digits.data(), end);
}

} // namespace

AppendText append_text(const store::ElementType& type) noexcept {
    if (!type.is_number()) return nullptr;
    return with_number_type(type, [](auto zero, auto swapped) -> AppendText {
        return append<decltype(zero), swapped>;
    });
}

std::string element_text(const store::ElementType& type, const std::byte* element) {
    std::string text;
    if (const AppendText append_number = append_text(type)) {
        append_number(element, text);
        return text;
    }
    constexpr std::size_t most = 16; // bytes: enough to tell two apart by eye
    constexpr std::string_view digits = "0123456789abcdef";
    text = "0x";
    for (std::size_t i = 0; i < std::min(type.size, most); ++i) {
        const auto byte = std::to_integer<unsigned>(element[i]);
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return type.size > most ? text + "..." : text;
}

} // namespace morphogen::rework
