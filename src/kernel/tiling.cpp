#include "morphogen/core/cache_size.hpp"
#include "morphogen/kernel/stepper.hpp"

#include "kernel/tile.hpp"

#include <algorithm>
#include <cstddef>

namespace morphogen::kernel {

namespace {

using core::Index;

/// @p cells as equal parts of at most @p most, each a multiple of @p unit.
Index even_part(Index cells, Index most, Index unit) {
    const Index parts = std::max<Index>((cells + most - 1) / most, 1);
    const Index part = (cells + parts - 1) / parts;
    return std::max<Index>((part + unit - 1) / unit * unit, unit);
}

Index or_default(Index wanted, Index automatic) {
    return wanted > 0 ? wanted : automatic;
}

/// Bytes of the cache that a thread has to itself.
std::size_t own_cache() {
    static const std::size_t bytes = core::cache_bytes(2);
    return bytes > 0 ? bytes : std::size_t{1} << 20U;
}

/// Measured: streaming wins from some four times the second caches' size on.
template <typename T>
Stores stores_for(const core::Extents& shape, int threads) {
    const auto bytes = static_cast<std::size_t>(core::volume(shape)) * 4 * sizeof(T);
    return bytes > 4 * own_cache() * static_cast<std::size_t>(threads) ? Stores::streamed
                                                                       : Stores::cached;
}

/// 2-D. Measured: wider tiles compute less twice until their buffers fill more than some 5/8 of the
/// second cache.
template <typename T>
Tiling in_rows(const core::Extents& shape, Index deepest, const Tiling& wanted) {
    Tiling t{.depth = or_default(wanted.depth, deepest), .columns = 64 * line<T>, .planes = 1};
    while (t.columns > 8 * line<T> && tile_bytes<T>(2, t) > own_cache() / 8 * 5)
        t.columns -= line<T>;
    t.columns = or_default(wanted.columns, even_part(shape[2], t.columns, line<T>));
    return t;
}

/// 3-D. The deepest tile that is still four times as thick as deep, in 4/5 of the second cache.
template <typename T>
Tiling in_planes(const core::Extents& shape, Index deepest, const Tiling& wanted) {
    Tiling t{.columns = or_default(wanted.columns, even_part(shape[2], 16 * line<T>, line<T>))};
    for (t.depth = or_default(wanted.depth, deepest);; --t.depth) {
        t.rows = 64;
        while (t.rows > 8 && tile_bytes<T>(3, t) > own_cache() / 5 * 4)
            --t.rows;
        if (t.rows >= 4 * t.depth || t.depth == 1 || wanted.depth > 0) break;
    }
    t.rows = or_default(wanted.rows, even_part(shape[1], t.rows, 1));
    return t;
}

/// How far a tile goes along the axis that it streams along: tiles enough for a thread that is held
/// up to be helped by the others, and few cells computed twice.
Index stretch(Index length, Index across, int threads, Index depth) {
    const Index parts = std::max<Index>((4 * threads + across - 1) / across, 1);
    const Index least = std::clamp<Index>(length * across / threads, 1, 8 * depth);
    return even_part(length, std::clamp<Index>((length + parts - 1) / parts, least, 1024), 1);
}

} // namespace

template <typename T>
std::size_t tile_bytes(int dims, const Tiling& tiling) noexcept {
    return static_cast<std::size_t>(tile_layout<T>(dims, tiling).elements()) * sizeof(T);
}

template <typename T>
Tiling choose_tiling(int dims, const core::Extents& shape, Isa, int threads, Tiling wanted) {
    const bool cube = dims == 3;
    const Index smallest = std::min({cube ? shape[0] : shape[1], shape[1], shape[2]});
    // A halo should be thin beside its block.
    const Index deepest = std::clamp<Index>(smallest / 8, 1, cube ? 6 : 16);
    Tiling t = cube ? in_planes<T>(shape, deepest, wanted) : in_rows<T>(shape, deepest, wanted);
    const Index across =
        (shape[2] + t.columns - 1) / t.columns * (cube ? (shape[1] + t.rows - 1) / t.rows : 1);
    const Index along = stretch(cube ? shape[0] : shape[1], across, threads, t.depth);
    if (cube)
        t.planes = or_default(wanted.planes, along);
    else
        t.rows = or_default(wanted.rows, along);
    t.stores = wanted.stores == Stores::automatic ? stores_for<T>(shape, threads) : wanted.stores;
    return t;
}

template std::size_t tile_bytes<float>(int, const Tiling&) noexcept;
template std::size_t tile_bytes<double>(int, const Tiling&) noexcept;
template Tiling choose_tiling<float>(int, const core::Extents&, Isa, int, Tiling);
template Tiling choose_tiling<double>(int, const core::Extents&, Isa, int, Tiling);

} // namespace morphogen::kernel
