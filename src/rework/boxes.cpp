#include "morphogen/rework/boxes.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"

#include "kernel/philox.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;

struct Product {
    std::uint64_t high;
    std::uint64_t low;
};

/// 64 x 64 bits, by halves: standard C++ has no wider type.
Product multiply(std::uint64_t a, std::uint64_t b) noexcept {
    constexpr std::uint64_t half = 0xffffffff;
    const std::uint64_t low = (a & half) * (b & half);
    const std::uint64_t middle = (a >> 32) * (b & half) + (low >> 32);
    const std::uint64_t other = (a & half) * (b >> 32) + (middle & half);
    return {(a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32), a * b};
}

std::uint64_t word(std::uint64_t seed, Index n, int axis, std::uint64_t attempt) noexcept {
    const auto block = kernel::cell_noise(seed, static_cast<std::uint64_t>(axis) | attempt << 32,
                                          static_cast<std::uint64_t>(n));
    return std::uint64_t{block.word[1]} << 32 | block.word[0];
}

Index draw_below(Index count, std::uint64_t seed, Index n, int axis) noexcept {
    const auto m = static_cast<std::uint64_t>(count);
    const std::uint64_t unfair = (0 - m) % m; // 2^64 mod m
    for (std::uint64_t attempt = 0;; ++attempt) {
        const Product p = multiply(word(seed, n, axis, attempt), m);
        if (p.low >= unfair) return static_cast<Index>(p.high);
    }
}

} // namespace

NdBox random_box(const Dims& whole, const Dims& shape, std::uint64_t seed, Index n) {
    MORPHOGEN_EXPECT(whole.rank() == shape.rank());
    NdBox box{Dims(whole.rank(), 0), shape};
    for (int a = 0; a < whole.rank(); ++a) {
        MORPHOGEN_EXPECT(shape[a] >= 1 && shape[a] <= whole[a]);
        box.lo[a] = draw_below(whole[a] - shape[a] + 1, seed, n, a);
        box.hi[a] = box.lo[a] + shape[a];
    }
    return box;
}

BoxSequence random_boxes(const Dims& whole, const Dims& shape, std::uint64_t seed) {
    bool fits = whole.rank() == shape.rank();
    for (int a = 0; fits && a < whole.rank(); ++a)
        fits = shape[a] >= 1 && shape[a] <= whole[a];
    if (!fits)
        throw core::UsageError(
            core::ErrorText{.what = "boxes that do not fit",
                            .where = fmt::format("[{}]", fmt::join(shape, ", ")),
                            .why = fmt::format("the dataset is [{}]", fmt::join(whole, ", "))});
    return [=](Index n) { return std::optional(random_box(whole, shape, seed, n)); };
}

BoxSequence windows(const Dims& whole, Index length, Index stride) {
    if (length < 1 || stride < 1)
        throw core::UsageError("windows need a length and a stride of 1 or more");
    return [=](Index n) -> std::optional<NdBox> {
        if (n * stride + length > whole[0]) return std::nullopt;
        NdBox box = NdBox::whole(whole);
        box.lo[0] = n * stride;
        box.hi[0] = box.lo[0] + length;
        return box;
    };
}

BoxSequence first_boxes(BoxSequence boxes, Index count) {
    return [boxes = std::move(boxes), count](Index n) -> std::optional<NdBox> {
        return n < count ? boxes(n) : std::nullopt;
    };
}

} // namespace morphogen::rework
