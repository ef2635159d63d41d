#include "rework/box_copy.hpp"

#include <cstring>

namespace morphogen::rework {
namespace {

using core::Index;

/// Element number of a place with @p at added to its origin.
template <typename Byte>
std::size_t offset(const ArrayPlace<Byte>& place, std::span<const Index> at) {
    Index n = 0;
    for (std::size_t a = 0; a < place.shape.size(); ++a)
        n = n * place.shape[a] + place.origin[a] + at[a];
    return static_cast<std::size_t>(n);
}

/// The next row: all axes but the last, which stays 0. False after the last one.
bool next_row(std::span<Index> at, std::span<const Index> count) {
    for (std::size_t a = at.size() - 1; a-- > 0;) {
        if (++at[a] < count[a]) return true;
        at[a] = 0;
    }
    return false;
}

} // namespace

void copy_box(ArrayPlace<const std::byte> from, ArrayPlace<std::byte> to,
              std::span<const Index> count, std::size_t element) {
    constexpr std::size_t most_axes = 32; // HDF5's own limit
    if (count.empty()) {
        std::memcpy(to.data, from.data, element);
        return;
    }
    for (const Index n : count)
        if (n <= 0) return;
    Index numbers[most_axes] = {};
    const std::span<Index> at = std::span(numbers).first(count.size());
    const std::size_t row = static_cast<std::size_t>(count.back()) * element;
    do
        std::memcpy(to.data + offset(to, at) * element, from.data + offset(from, at) * element,
                    row);
    while (next_row(at, count));
}

} // namespace morphogen::rework
