#include "rework/gather_plan.hpp"

#include "morphogen/codec/decoder.hpp"
#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace morphogen::rework {
namespace {

using core::Index;

/// Items smaller than the first are put together into chunks of about the second, bytes.
constexpr std::uint64_t small_item = std::uint64_t{1} << 14;
constexpr std::uint64_t chunk_of_small_items = std::uint64_t{1} << 16;
/// What HDF5 holds for an open file in memory and for the output: caches and heaps, bytes.
constexpr std::uint64_t output_library_bytes = std::uint64_t{6} << 20;
/// Beyond this, reading ahead does not help, bytes.
constexpr std::uint64_t useful_pool = std::uint64_t{64} << 20;

store::ProbedDataset probe(const FileList& files, const GatherGroups& groups,
                           const GatherOptions& options, std::string& first_file) {
    if (options.raw) {
        store::SmallDataset item;
        item.type = options.raw->type.type;
        item.shape = item.chunk = options.raw->shape;
        first_file = files[0];
        return {"", item};
    }
    for (std::uint64_t place = 0; place < files.size(); ++place) {
        try {
            first_file = files[groups.file_at(place)];
            return store::probe_dataset(first_file, options.dataset);
        } catch (const core::UsageError&) {
            throw;
        } catch (const core::Error&) {
            if (options.on_error == OnError::stop) throw; // else it is named when it is its turn
        }
    }
    throw core::Error(core::ErrorText{.what = "no file can be read",
                                      .where = files[0],
                                      .why = "nor can any other of the list",
                                      .advice = "with --on-error stop the first error is shown"});
}

Index automatic_rows(std::uint64_t row_bytes) {
    if (row_bytes >= small_item) return 1;
    return static_cast<Index>(chunk_of_small_items / row_bytes);
}

/// The chunk of /data: as asked for, clipped to the shape.
std::vector<Index> chunk_of(const std::vector<Index>& shape, std::size_t leading,
                            std::uint64_t row_bytes, const GatherOptions& options) {
    std::vector<Index> chunk = options.chunks;
    if (chunk.empty()) {
        chunk = shape;
        std::fill_n(chunk.begin(), leading, 1);
        chunk[leading - 1] = automatic_rows(row_bytes);
    }
    if (chunk.size() != shape.size())
        throw core::UsageError(
            core::ErrorText{.what = "wrong number of axes in --chunks",
                            .where = fmt::format("{}", fmt::join(chunk, ",")),
                            .why = fmt::format("/data is [{}]", fmt::join(shape, ", "))});
    for (std::size_t a = 0; a < chunk.size(); ++a)
        chunk[a] = std::min(chunk[a], shape[a]);
    if (leading == 2 && chunk.front() != 1)
        throw core::UsageError(core::ErrorText{.what = "a chunk cannot hold several groups",
                                               .where = fmt::format("{}", fmt::join(chunk, ",")),
                                               .why = "groups are read one after the other",
                                               .advice = "give 1 for the first axis of --chunks"});
    return chunk;
}

std::vector<std::string> axis_names(const GatherGroups& groups, const GatherOptions& options,
                                    std::size_t item_axes) {
    std::vector<std::string> names;
    if (groups.counted) names.emplace_back("group");
    if (options.reduction == Reduction::stack) names.emplace_back("item");
    constexpr std::array<const char*, 3> short_names{"z", "y", "x"};
    for (std::size_t a = 0; a < item_axes; ++a)
        names.push_back(item_axes <= 3 ? short_names[3 - item_axes + a]
                                       : "axis_" + std::to_string(a));
    return names;
}

codec::FilterPipeline filters_of(const GatherOptions& options, store::NumberType type) {
    codec::FilterPipeline filters;
    filters.codec = options.codec;
    filters.element_size = store::bytes_of(type);
    filters.shuffle =
        options.codec.compressor != codec::Compressor::none && filters.element_size > 1;
    return filters;
}

void check_item(const store::SmallDataset& item, std::string_view file,
                const std::string& dataset) {
    constexpr std::uint64_t most = std::uint64_t{1} << 40; // far beyond memory; keeps sums small
    const std::uint64_t bytes = item.raw_bytes();
    if (bytes > 0 && bytes < most) return;
    const std::string where = fmt::format("{}, {}", file, dataset);
    throw core::Error(
        core::ErrorText{.what = bytes == 0 ? "no values" : "too large",
                        .where = where,
                        .why = fmt::format("it is [{}]", fmt::join(item.shape, ", "))});
}

/// Of one thread, bytes.
std::uint64_t thread_bytes(const GatherShape& shape) {
    const codec::ChunkEncoder encoder(shape.layout.filters, shape.chunk_bytes);
    std::uint64_t bytes = encoder.memory();
    if (shape.chunks_per_slab > 1) bytes += shape.chunk_bytes; // cut out of the slab
    const bool decodes =
        !shape.item.filters.empty() && codec::ChunkDecoder::supports(shape.item.filters);
    if (decodes)
        bytes += codec::ChunkDecoder(shape.item.filters, shape.largest_input_chunk()).memory();
    if (shape.item.chunk != shape.item.shape) bytes += shape.largest_input_chunk();
    return bytes;
}

} // namespace

std::uint64_t GatherShape::largest_input_chunk() const noexcept {
    return std::max(item.chunk_bytes(), item.raw_bytes());
}

GatherShape plan_shape(const FileList& files, const GatherGroups& groups,
                       const GatherOptions& options) {
    GatherShape shape;
    store::ProbedDataset probed = probe(files, groups, options, shape.first_file);
    check_item(probed.dataset, shape.first_file, probed.name);
    shape.item = std::move(probed.dataset);
    shape.dataset = probed.name;
    const bool stacked = options.reduction == Reduction::stack;
    store::StackLayout& layout = shape.layout;
    layout.type = options.reduction == Reduction::mean && !is_floating(shape.item.type)
                      ? store::NumberType::f64
                      : shape.item.type;
    const auto group_count = static_cast<Index>(groups.size());
    const auto most_files = static_cast<Index>(groups.largest_group);
    if (groups.counted) layout.source_shape.push_back(group_count);
    layout.source_shape.push_back(most_files);
    if (groups.counted) layout.shape.push_back(group_count);
    if (stacked) layout.shape.push_back(most_files);
    const std::size_t leading = layout.shape.size();
    layout.shape.insert(layout.shape.end(), shape.item.shape.begin(), shape.item.shape.end());
    shape.row_bytes = shape.item.raw_bytes() / bytes_of(shape.item.type) * bytes_of(layout.type);
    layout.chunk = chunk_of(layout.shape, leading, shape.row_bytes, options);
    shape.slab_rows = layout.chunk[leading - 1];
    shape.chunk_bytes = bytes_of(layout.type);
    for (const Index n : layout.chunk)
        shape.chunk_bytes *= static_cast<std::uint64_t>(n);
    for (std::size_t a = leading; a < layout.shape.size(); ++a)
        shape.chunks_per_slab *= (layout.shape[a] + layout.chunk[a] - 1) / layout.chunk[a];
    layout.axes = axis_names(groups, options, shape.item.shape.size());
    layout.filters = filters_of(options, layout.type);
    layout.name_bytes = std::max<std::size_t>(files.longest(), 1);
    layout.group_names = groups.names;
    layout.long_name = probed.long_name;
    layout.units = probed.units;
    return shape;
}

GatherMemory plan_memory(const GatherShape& shape, const FileList& files, std::uint64_t groups_held,
                         std::uint64_t largest_file, const GatherOptions& options, int threads,
                         std::uint64_t limit) {
    const bool stacked = options.reduction == Reduction::stack;
    const std::uint64_t file_buffer = largest_file + largest_file / 8 + 64; // the pool's rounding
    const std::uint64_t encoded =
        codec::ChunkEncoder::bound(shape.layout.filters, shape.chunk_bytes);
    std::uint64_t fixed = files.memory() + groups_held + output_library_bytes +
                          static_cast<std::uint64_t>(threads) * thread_bytes(shape);
    if (!stacked) fixed += 8 * (shape.item_bytes() / bytes_of(shape.item.type)); // the sums
    const auto plan = [&](Index in_flight) {
        const auto n = static_cast<std::uint64_t>(in_flight);
        GatherMemory memory{.in_flight = in_flight, .slabs = 1, .pool = n * file_buffer};
        if (in_flight > 1) memory.slabs = (in_flight + shape.slab_rows - 1) / shape.slab_rows + 1;
        memory.total = fixed + memory.pool + n * encoded +
                       static_cast<std::uint64_t>(memory.slabs) * shape.slab_bytes();
        if (!stacked) memory.total += n * shape.item_bytes();
        return memory;
    };
    Index in_flight = 4 * Index{threads} + 1;
    while (in_flight > 1 && plan(in_flight).total > limit)
        --in_flight;
    GatherMemory memory = plan(in_flight);
    if (memory.total > limit)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory to gather within",
            .where = "--memory " + core::format_size(limit),
            .why =
                fmt::format("one file takes up to {}, an item {}, a chunk's row of items {}",
                            core::format_size(largest_file), core::format_size(shape.item_bytes()),
                            core::format_size(shape.slab_bytes())),
            .advice = fmt::format("allow at least {} (--memory {})",
                                  core::format_size(memory.total), memory.total)});
    const std::uint64_t more =
        std::min(limit - memory.total, std::max(useful_pool, memory.pool) - memory.pool);
    memory.pool += more;
    memory.total += more;
    return memory;
}

} // namespace morphogen::rework
