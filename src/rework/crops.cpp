#include "morphogen/rework/crops.hpp"

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/rework/box_reader.hpp"
#include "morphogen/rework/boxes.hpp"
#include "morphogen/store/array_file.hpp"

#include "rework/check_output.hpp"
#include "rework/chunk_writer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;

std::string where(const DatasetReader& reader) {
    return fmt::format("{}, {}", reader.file().path().native(), reader.info().path);
}

void check_shape(const DatasetReader& reader, const CropOptions& options) {
    const Dims& whole = reader.shape();
    const auto refuse = [&](const std::string& why) {
        throw core::UsageError(core::ErrorText{.what = "these crops cannot be cut",
                                               .where = where(reader),
                                               .why = why,
                                               .advice = "choose another --shape"});
    };
    if (options.shape.rank() != whole.rank())
        refuse(fmt::format("--shape has {} axes, the dataset has {} ({})", options.shape.rank(),
                           whole.rank(), fmt::join(whole, " x ")));
    if (whole.rank() == Dims::max_rank)
        refuse(fmt::format("with {} axes there is none left to number the crops", whole.rank()));
    for (int a = 0; a < whole.rank(); ++a)
        if (options.shape[a] > whole[a])
            refuse(fmt::format("{} is longer than the dataset, {}", fmt::join(options.shape, " x "),
                               fmt::join(whole, " x ")));
}

codec::FilterPipeline filters_of(const CropOptions& options, std::size_t element) {
    const bool plain = options.codec.compressor == codec::Compressor::none;
    return {.codec = options.codec, .shuffle = !plain, .checksum = !plain, .element_size = element};
}

/// Names of the axes: those of frames where there are as many.
std::vector<std::string> axis_names(int rank) {
    if (rank == 3) return {"crop", "t", "y", "x"};
    if (rank == 4) return {"crop", "t", "z", "y", "x"};
    std::vector<std::string> names{"crop"};
    for (int a = 0; a < rank; ++a)
        names.push_back(fmt::format("axis_{}", a));
    return names;
}

struct Plan {
    int threads = 1;
    std::uint64_t stream_memory = 0;
    Index batch = 0; // crops
};

Plan make_plan(const DatasetReader& reader, const CropOptions& options,
               const codec::FilterPipeline& filters) {
    const auto crop =
        static_cast<std::uint64_t>(core::volume(options.shape)) * reader.element_size();
    const std::uint64_t each = crop + BoxReader::list_memory(reader, options.shape);
    // Origins, as drawn and as stored, and the order of the work.
    const std::uint64_t lists =
        static_cast<std::uint64_t>(options.count) *
        (sizeof(Index) * static_cast<std::uint64_t>(2 * options.shape.rank() + 1));
    const auto fixed = [&](int threads) {
        return lists + BlockStream::least_memory(reader, threads) +
               ChunkWriter::memory_whole(filters, static_cast<std::size_t>(crop), threads);
    };
    Plan plan{.threads = options.budget.threads};
    // Half for crops: what is decoded twice costs more than an idle thread.
    while (plan.threads > 1 && fixed(plan.threads) + each > options.budget.memory / 2)
        --plan.threads;
    const std::uint64_t least = fixed(plan.threads) + each;
    if (least > options.budget.memory)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory for crops",
            .where = where(reader),
            .why = fmt::format("{} is the least for crops of {} and chunks of {}, {} may be used",
                               core::format_size(least), core::format_size(crop),
                               core::format_size(reader.block_bytes()),
                               core::format_size(options.budget.memory)),
            .advice = "give more --memory, or choose smaller crops"});
    std::uint64_t left = options.budget.memory - least;
    const std::uint64_t ahead =
        std::min(left / 4, (static_cast<std::uint64_t>(plan.threads) + 1) * reader.stored_bound());
    plan.stream_memory = BlockStream::least_memory(reader, plan.threads) + ahead;
    left -= ahead;
    plan.batch = std::clamp<Index>(1 + static_cast<Index>(left / each), 1, options.count);
    return plan;
}

/// Crops of a file, drawn, and in the order of the chunks that they begin in.
struct Drawn {
    std::vector<std::int64_t> origins; // [crop][axis]
    std::vector<Index> order;

    Dims origin(Index crop, int rank) const {
        return Dims::from(std::span(origins).subspan(static_cast<std::size_t>(crop * rank),
                                                     static_cast<std::size_t>(rank)));
    }
};

Drawn draw(const DatasetReader& reader, const CropOptions& options) {
    const int rank = options.shape.rank();
    Drawn drawn;
    drawn.origins.reserve(static_cast<std::size_t>(options.count * rank));
    for (Index n = 0; n < options.count; ++n)
        for (const Index x : random_box(reader.shape(), options.shape, options.seed, n).lo)
            drawn.origins.push_back(x);
    drawn.order.resize(static_cast<std::size_t>(options.count));
    std::iota(drawn.order.begin(), drawn.order.end(), 0);
    const Dims chunk =
        reader.pieces().empty() ? options.shape : reader.pieces().front().grid.chunk();
    std::sort(drawn.order.begin(), drawn.order.end(), [&](Index a, Index b) {
        const Dims x = drawn.origin(a, rank);
        const Dims y = drawn.origin(b, rank);
        for (int i = 0; i < rank; ++i)
            if (x[i] / chunk[i] != y[i] / chunk[i]) return x[i] / chunk[i] < y[i] / chunk[i];
        return a < b;
    });
    return drawn;
}

class Cropper {
public:
    Cropper(const DatasetReader& reader, const CropOptions& options)
        : reader_(reader), options_(options), rank_(options.shape.rank()),
          filters_(filters_of(options, reader.element_size())),
          plan_(make_plan(reader, options, filters_)), drawn_(draw(reader, options)) {}

    Index write(const std::filesystem::path& path) {
        store::ArrayFile file(path, options_.replace);
        create(file);
        Index batches = 0;
        {
            store::DatasetWriter writer = file.writer("crops");
            batches = write_batches(writer);
            writer.close();
        }
        file.close();
        return batches;
    }

private:
    std::size_t crop_bytes() const {
        return static_cast<std::size_t>(core::volume(options_.shape)) * reader_.element_size();
    }
    Dims chunk() const {
        std::vector<Index> chunk{1};
        chunk.insert(chunk.end(), options_.shape.begin(), options_.shape.end());
        return Dims::from(chunk);
    }

    void create(store::ArrayFile& file) {
        const std::vector<std::string> axes = axis_names(rank_);
        file.add_axis("crop", options_.count);
        for (int a = 0; a < rank_; ++a)
            file.add_axis(axes[static_cast<std::size_t>(a) + 1], options_.shape[a]);
        file.add_axis("axis", rank_);
        const auto& filters = filters_.shuffle ? std::optional(filters_) : std::nullopt;
        file.add(
            {.name = "crops",
             .type = reader_.type(),
             .axes = axes,
             .layout = {chunk(), filters},
             .long_name = fmt::format("random crops of {} of {}, seed {}", reader_.info().path,
                                      reader_.file().path().filename().native(), options_.seed)});
        file.add({.name = "origin",
                  .type = store::int64_type,
                  .axes = {"crop", "axis"},
                  .long_name = "index of a crop's first element in the dataset"},
                 std::as_bytes(std::span(drawn_.origins)));
    }

    Index write_batches(store::DatasetWriter& writer) {
        const std::size_t element = reader_.element_size();
        std::vector<Index> whole{options_.count};
        whole.insert(whole.end(), options_.shape.begin(), options_.shape.end());
        ChunkWriter encoder(writer, core::ChunkGrid(Dims::from(whole), chunk()), filters_,
                            std::vector<std::byte>(element), plan_.threads);
        BoxReader boxes(reader_, plan_.threads, plan_.stream_memory);
        core::AlignedBuffer<std::byte> elements(crop_bytes() *
                                                static_cast<std::size_t>(plan_.batch));
        std::vector<BoxTarget> targets;
        std::vector<WholeChunk> crops;
        Index batches = 0;
        for (Index done = 0; done < options_.count; ++batches) {
            const Index count = std::min(plan_.batch, options_.count - done);
            targets.clear();
            crops.clear();
            for (Index i = 0; i < count; ++i) {
                const Index n = drawn_.order[static_cast<std::size_t>(done + i)];
                const NdBox box = NdBox{Dims(rank_, 0), options_.shape} + drawn_.origin(n, rank_);
                const auto place = elements.span().subspan(
                    static_cast<std::size_t>(i) * crop_bytes(), crop_bytes());
                targets.push_back({box, place.data()});
                crops.push_back({n, place});
            }
            boxes.read(targets);
            encoder.write(crops);
            done += count;
            if (options_.budget.progress) options_.budget.progress(done, options_.count);
        }
        return batches;
    }

    const DatasetReader& reader_;
    const CropOptions& options_;
    const int rank_;
    const codec::FilterPipeline filters_;
    const Plan plan_;
    const Drawn drawn_;
};

} // namespace

Dims parse_lengths(std::string_view text) {
    std::vector<Index> lengths;
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at <= end; ++at) {
        Index n = 0;
        const auto [stop, error] = std::from_chars(at, end, n);
        if (error != std::errc{} || n < 1 || (stop != end && *stop != ',') ||
            lengths.size() == static_cast<std::size_t>(Dims::max_rank))
            throw core::UsageError(
                core::ErrorText{.what = "not a shape",
                                .where = text,
                                .advice = "give one positive number per axis, as in 8,128,128"});
        lengths.push_back(n);
        at = stop;
    }
    return Dims::from(lengths);
}

CropResult write_crops(const DatasetReader& reader, const std::filesystem::path& out,
                       const CropOptions& options) {
    const core::Stopwatch watch;
    check_shape(reader, options);
    check_output(out, inputs_of(reader));
    Cropper cropper(reader, options);
    CropResult result;
    result.batches = cropper.write(out);
    result.raw_bytes = static_cast<std::uint64_t>(options.count) *
                       static_cast<std::uint64_t>(core::volume(options.shape)) *
                       reader.element_size();
    result.bytes_out = std::filesystem::file_size(out);
    result.seconds = watch.seconds();
    return result;
}

} // namespace morphogen::rework
