#include "morphogen/rework/crops.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/rework/box_reader.hpp"
#include "morphogen/rework/boxes.hpp"
#include "morphogen/store/array_file.hpp"

#include "rework/check_output.hpp"
#include "rework/crop_sweep.hpp"
#include "rework/sweep_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
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

struct CropPlan {
    CropSweep::Memory memory;
    SweepLimits limits;
};

CropPlan plan_crops(const DatasetReader& reader, const CropOptions& options,
                    const codec::FilterPipeline& filters) {
    const auto crop =
        static_cast<std::uint64_t>(core::volume(options.shape)) * reader.element_size();
    const std::uint64_t origin =
        sizeof(std::int64_t) * static_cast<std::uint64_t>(options.shape.rank());
    const std::uint64_t lists = static_cast<std::uint64_t>(options.count) *
                                (origin + SweepPlan::memory_per_box + CropSweep::memory_per_crop);
    const std::uint64_t uses_of_one = BoxReader::list_memory(reader, options.shape);
    const auto least = [&](int threads) {
        return lists + uses_of_one + CropSweep::memory(reader, crop, filters, {threads, 1});
    };
    CropPlan plan{.memory = {.threads = options.budget.threads}, .limits = {}};
    // Half for crops: what is decoded twice costs more than an idle thread.
    int& threads = plan.memory.threads;
    while (threads > 1 && least(threads) > options.budget.memory / 2)
        --threads;
    if (least(threads) > options.budget.memory)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory for crops",
            .where = where(reader),
            .why = fmt::format("{} is the least for crops of {} and chunks of {}, {} may be used",
                               core::format_size(least(threads)), core::format_size(crop),
                               core::format_size(reader.block_bytes()),
                               core::format_size(options.budget.memory)),
            .advice = "give more --memory, or choose smaller crops"});
    const std::uint64_t left = options.budget.memory - least(threads);
    const std::uint64_t for_uses = left / 8;
    plan.limits.uses = static_cast<Index>((uses_of_one + for_uses) / CropSweep::memory_per_use);
    plan.memory.buffers =
        std::clamp<Index>(1 + static_cast<Index>((left - for_uses) / crop), 1, options.count);
    plan.limits.open = CropSweep::open_crops(threads, plan.memory.buffers);
    return plan;
}

/// First elements of all crops, [crop][axis].
std::vector<std::int64_t> draw_origins(const DatasetReader& reader, const CropOptions& options) {
    std::vector<std::int64_t> origins;
    origins.reserve(static_cast<std::size_t>(options.count * options.shape.rank()));
    for (Index n = 0; n < options.count; ++n)
        for (const Index x : random_box(reader.shape(), options.shape, options.seed, n).lo)
            origins.push_back(x);
    return origins;
}

class Cropper {
public:
    Cropper(const DatasetReader& reader, const CropOptions& options)
        : reader_(reader), options_(options), rank_(options.shape.rank()),
          filters_(filters_of(options, reader.element_size())),
          plan_(plan_crops(reader, options, filters_)), origins_(draw_origins(reader, options)) {}

    /// @returns how many sweeps it took.
    Index write(const std::filesystem::path& path) {
        store::ArrayFile file(path, options_.replace);
        create(file);
        Index sweeps = 0;
        {
            store::DatasetWriter writer = file.writer("crops");
            sweeps = sweep(writer);
            writer.close();
        }
        file.close();
        return sweeps;
    }

private:
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
                 std::as_bytes(std::span(origins_)));
    }

    Index sweep(store::DatasetWriter& writer) {
        const SweepPlan sweeps = plan_sweeps(reader_, origins_, options_.shape, plan_.limits);
        CropSweep sweep(reader_, origins_, options_.shape, filters_, writer, plan_.memory);
        Index done = 0;
        const auto crop_done = [&] {
            if (options_.budget.progress) options_.budget.progress(++done, options_.count);
        };
        Index begin = 0;
        for (const Index end : sweeps.ends) {
            sweep.run(std::span(sweeps.order)
                          .subspan(static_cast<std::size_t>(begin),
                                   static_cast<std::size_t>(end - begin)),
                      crop_done);
            begin = end;
        }
        return static_cast<Index>(sweeps.ends.size());
    }

    const DatasetReader& reader_;
    const CropOptions& options_;
    const int rank_;
    const codec::FilterPipeline filters_;
    const CropPlan plan_;
    const std::vector<std::int64_t> origins_;
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
    result.sweeps = cropper.write(out);
    result.raw_bytes = static_cast<std::uint64_t>(options.count) *
                       static_cast<std::uint64_t>(core::volume(options.shape)) *
                       reader.element_size();
    result.bytes_out = std::filesystem::file_size(out);
    result.seconds = watch.seconds();
    return result;
}

} // namespace morphogen::rework
