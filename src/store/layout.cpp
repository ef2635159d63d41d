#include "morphogen/store/layout.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/mpi/communicator.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace morphogen::store {
namespace {

using core::Extents;
using core::Index;

constexpr Index ceil_div(Index a, Index b) noexcept {
    return (a + b - 1) / b;
}

/// Chunks along each axis.
Extents chunk_counts(const FrameLayout& layout) noexcept {
    const Extents n = layout.block.shape();
    return {ceil_div(n[0], layout.chunk[0]), ceil_div(n[1], layout.chunk[1]),
            ceil_div(n[2], layout.chunk[2])};
}

std::size_t bytes(const FrameLayout& layout, const Extents& cells) noexcept {
    return static_cast<std::size_t>(core::volume(cells)) * core::bytes_of(layout.precision);
}

/// Halves the longest axis until a chunk is small enough: a sixteenth of the block, so that a team
/// of compressing threads is evenly loaded, but not below 256 KiB (costs per chunk, readers' seeks)
/// nor above 1 MiB (readers' default chunk cache; compressors like to stay in L2).
Extents automatic_chunk(const Extents& shape, std::size_t element) {
    const auto bytes_per_cell = static_cast<Index>(element);
    const Index target = std::clamp<Index>(core::volume(shape) * bytes_per_cell / 16,
                                           Index{1} << 18, Index{1} << 20);
    Extents halvings{1, 1, 1};
    Extents chunk = shape;
    while (core::volume(chunk) * bytes_per_cell > target) {
        const auto longest =
            static_cast<std::size_t>(std::max_element(chunk.begin(), chunk.end()) - chunk.begin());
        halvings[longest] *= 2;
        chunk[longest] = ceil_div(shape[longest], halvings[longest]);
    }
    return chunk;
}

Extents clipped(const std::vector<Index>& wanted, int dims, const Extents& shape) {
    MORPHOGEN_EXPECT(wanted.size() == static_cast<std::size_t>(dims));
    Extents chunk{1, 1, 1};
    for (std::size_t i = 0; i < wanted.size(); ++i)
        chunk[3 - wanted.size() + i] = wanted[i];
    for (std::size_t a = 0; a < 3; ++a)
        chunk[a] = std::clamp<Index>(chunk[a], 1, shape[a]);
    return chunk;
}

void check_size(const FrameLayout& layout) {
    // HDF5 keeps a chunk's size in 32 bits.
    if (layout.chunk_bytes() < (std::size_t{1} << 32)) return;
    const auto size = std::to_string(layout.chunk_bytes()) + " bytes";
    throw core::UsageError(
        core::ErrorText{.what = "chunk too large",
                        .where = "output.chunk",
                        .why = "it has " + size + ", HDF5 stores less than 4 GiB",
                        .advice = "choose a smaller one or \"auto\""});
}

} // namespace

Index FrameLayout::chunks() const noexcept {
    return core::volume(chunk_counts(*this));
}

core::Box FrameLayout::chunk_box(Index index) const noexcept {
    const Extents counts = chunk_counts(*this);
    const Extents at{index / (counts[1] * counts[2]), index / counts[2] % counts[1],
                     index % counts[2]};
    const Extents shape = block.shape();
    core::Box box;
    for (std::size_t a = 0; a < 3; ++a) {
        box.lo[a] = at[a] * chunk[a];
        box.hi[a] = std::min(box.lo[a] + chunk[a], shape[a]);
    }
    return box;
}

std::size_t FrameLayout::chunk_row_bytes() const noexcept {
    return bytes(*this, {1, 1, chunk[2]});
}
std::size_t FrameLayout::block_row_bytes() const noexcept {
    return bytes(*this, {1, 1, block.shape()[2]});
}
std::size_t FrameLayout::chunk_bytes() const noexcept {
    return bytes(*this, chunk);
}
std::size_t FrameLayout::field_bytes() const noexcept {
    return bytes(*this, block.shape());
}
std::size_t FrameLayout::frame_bytes() const noexcept {
    return field_bytes() * fields.size();
}

FrameLayout make_layout(const config::Config& config, const core::Box& block) {
    MORPHOGEN_EXPECT(!block.empty());
    const config::Output& output = config.output;
    FrameLayout layout;
    layout.dims = config.grid.dims;
    layout.precision = config.grid.precision;
    layout.global = config.grid.shape;
    layout.block = block;
    layout.fields = output.fields;
    layout.spacing = config.grid.spacing;
    const std::size_t element = core::bytes_of(layout.precision);
    layout.filters = {.codec = output.codec,
                      .shuffle = output.shuffle,
                      .checksum = output.checksum,
                      .element_size = element};
    // A shared file has one chunk shape for all ranks, whatever their blocks.
    const Extents shape =
        output.layout == config::Layout::shared ? layout.global : layout.block.shape();
    layout.chunk =
        output.chunk ? clipped(*output.chunk, layout.dims, shape) : automatic_chunk(shape, element);
    check_size(layout);
    return layout;
}

std::vector<core::Box> all_blocks(const core::Box& mine, const mpi::Communicator& comm) {
    std::vector<core::Box> blocks(static_cast<std::size_t>(comm.size()));
    for (std::size_t a = 0; a < 3; ++a) {
        const auto lo = comm.all_gather(mine.lo[a]);
        const auto hi = comm.all_gather(mine.hi[a]);
        for (std::size_t r = 0; r < blocks.size(); ++r) {
            blocks[r].lo[a] = lo[r];
            blocks[r].hi[a] = hi[r];
        }
    }
    return blocks;
}

void copy_chunk_row(const FrameLayout& layout, const ChunkRow& row, std::span<std::byte> raw) {
    MORPHOGEN_EXPECT(raw.size() == layout.chunk_row_bytes());
    const std::size_t element = core::bytes_of(layout.precision);
    std::memcpy(raw.data(), row.cells, row.inside);
    for (std::size_t at = row.inside; at < raw.size(); at += element)
        std::memcpy(raw.data() + at, raw.data() + row.inside - element, element);
}

void gather_chunk(const FrameLayout& layout, Index index, const std::byte* field, std::byte* raw) {
    const std::size_t bytes_of_row = layout.chunk_row_bytes();
    for_each_chunk_row(layout, index, field, [&](const ChunkRow& row) {
        copy_chunk_row(layout, row, {raw, bytes_of_row});
        raw += bytes_of_row;
    });
}

} // namespace morphogen::store
