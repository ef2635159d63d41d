#include "morphogen/rework/rechunk.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/dataset_writer.hpp"
#include "morphogen/store/file_copy.hpp"
#include "morphogen/store/new_file.hpp"

#include "rework/chunk_writer.hpp"
#include "rework/rechunk_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;
using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;

[[noreturn]] void refuse(const fs::path& file, const std::string& dataset, const std::string& why,
                         const std::string& advice = {}) {
    const std::string where =
        dataset.empty() ? file.native() : fmt::format("{}, {}", file.native(), dataset);
    throw core::UsageError(
        core::ErrorText{.what = "cannot rechunk", .where = where, .why = why, .advice = advice});
}

/// What one dataset becomes.
struct Job {
    std::unique_ptr<DatasetReader> reader;
    store::StorageLayout layout;
    int threads = 1;
    std::uint64_t stream_memory = 0; // bytes, for reading and decoding
    SlabPlan plan;
};

Dims clipped_chunk(const RechunkOptions& options, const Dims& shape) {
    Dims chunk = Dims::from(options.chunks);
    for (int a = 0; a < chunk.rank(); ++a)
        chunk[a] = std::clamp<Index>(shape[a], 1, chunk[a]);
    return chunk;
}

codec::FilterPipeline filters_for(const RechunkOptions& options, const DatasetReader& reader) {
    const std::size_t element = reader.element_size();
    if (options.codec)
        return {
            .codec = *options.codec, .shuffle = true, .checksum = true, .element_size = element};
    const auto& pieces = reader.pieces();
    const bool chunked = !pieces.empty() && pieces.front().decodable;
    const auto own = chunked ? store::encodable(pieces.front().filters, element) : std::nullopt;
    return own.value_or(codec::FilterPipeline{.element_size = element});
}

std::size_t chunk_bytes(const Job& job) {
    return static_cast<std::size_t>(core::volume(job.layout.chunk)) * job.reader->element_size();
}

/// Bytes besides the slab and what is read ahead.
std::uint64_t fixed_memory(const Job& job, int threads) {
    std::uint64_t bytes = BlockStream::least_memory(*job.reader, threads);
    if (job.layout.chunk.rank() > 0)
        bytes += ChunkWriter::memory(*job.layout.filters, chunk_bytes(job), threads);
    return bytes;
}

/// The smallest slab: one new chunk, or a row of elements where there are none.
Dims smallest_slab(const Job& job) {
    return job.layout.chunk.rank() > 0 ? job.layout.chunk : [&] {
        Dims row(job.reader->shape().rank(), 1);
        row[row.rank() - 1] = std::max<Index>(job.reader->shape()[row.rank() - 1], 1);
        return row;
    }();
}

/// Bytes; larger slabs gain nothing if they do not save decoding.
constexpr std::uint64_t enough_for_a_slab = std::uint64_t{128} << 20;

/// Threads and slabs for the memory there is.
void plan(Job& job, const RechunkOptions& options) {
    const DatasetReader& reader = *job.reader;
    const Dims unit = smallest_slab(job);
    const auto slab = static_cast<std::uint64_t>(core::volume(unit)) * reader.element_size();
    job.threads = std::max(options.threads, 1);
    // Half of it for slabs: what is decoded twice costs more than an idle thread.
    while (job.threads > 1 &&
           fixed_memory(job, job.threads) > std::max(options.memory / 2, slab) - slab)
        --job.threads;
    const std::uint64_t fixed = fixed_memory(job, job.threads);
    if (fixed + slab > options.memory)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory to rechunk",
            .where = fmt::format("{}, {}", reader.file().path().native(), reader.info().path),
            .why = fmt::format("{} is the least for blocks of {} and new chunks of {}, {} may be "
                               "used",
                               core::format_size(fixed + slab),
                               core::format_size(reader.block_bytes()), core::format_size(slab),
                               core::format_size(options.memory)),
            .advice = "give more --memory, or choose smaller chunks"});
    // Read ahead where that is cheap.
    const std::uint64_t ahead =
        std::min((options.memory - fixed - slab) / 16,
                 (static_cast<std::uint64_t>(job.threads) + 1) * reader.stored_bound());
    job.stream_memory = BlockStream::least_memory(reader, job.threads) + ahead;
    const Dims block = reader.pieces().empty() ? unit : reader.pieces().front().grid.chunk();
    const std::uint64_t most = options.memory - fixed - ahead;
    const auto plan_within = [&](std::uint64_t bytes) {
        return plan_slabs(reader.shape(), block, unit,
                          static_cast<Index>(bytes / reader.element_size()));
    };
    // Memory that was never touched costs time too: no more of it than saves decoding.
    job.plan = plan_within(std::clamp(enough_for_a_slab, slab, most));
    if (job.plan.passes > 1.0) job.plan = plan_within(most);
}

class Rechunker {
public:
    Rechunker(const fs::path& in, const RechunkOptions& options)
        : options_(options), file_(std::make_shared<store::FileReader>(data_file(in))) {
        for (const store::DatasetInfo& info : file_->datasets())
            if (wanted(info)) add(info);
        for (const std::string& name : options_.datasets)
            if (!jobs_.contains(absolute(name))) {
                file_->dataset(name); // is there at all
                not_fitting(name);
            }
        if (jobs_.empty())
            refuse(file_->path(), "",
                   fmt::format("it has no dataset with {} axes", options_.chunks.size()),
                   "see `morphogen info`; --chunks has one number per axis");
        for (const auto& [path, job] : jobs_)
            all_bytes_ += job.reader->raw_bytes();
    }

    void write(const store::hdf5::File& out, RechunkResult& result) {
        result.notes = store::copy_file(
            *file_, out, [&](const std::string& path, hid_t parent, const std::string& name) {
                return make(path, parent, name);
            });
        for (auto& [path, job] : jobs_) {
            store::DatasetWriter writer(out, path);
            rewrite(job, writer);
            writer.close();
            result.datasets.push_back(
                {path, job.reader->raw_bytes(), job.plan.passes, job.plan.slabs.size()});
        }
    }

    const fs::path& path() const { return file_->path(); }

private:
    static std::string absolute(const std::string& name) {
        return name.starts_with('/') ? name : "/" + name;
    }
    [[noreturn]] void not_fitting(const std::string& name) const {
        refuse(file_->path(), name, fmt::format("it does not have {} axes", options_.chunks.size()),
               "--chunks has one number per axis");
    }

    bool wanted(const store::DatasetInfo& info) const {
        const auto& names = options_.datasets;
        const bool named = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return absolute(name) == info.path;
        });
        if (options_.contiguous)
            return names.empty() ? info.shape.size() >= 2 && is_movable(info) : named;
        const bool fits = info.shape.size() == options_.chunks.size();
        return fits && (named || (names.empty() && is_movable(info)));
    }
    static bool is_movable(const store::DatasetInfo& info) {
        return info.type.starts_with("float") || info.type.starts_with("int") ||
               info.type.starts_with("uint");
    }

    void add(const store::DatasetInfo& info) {
        Job job;
        job.reader = std::make_unique<DatasetReader>(file_, info.path);
        if (!options_.contiguous) {
            job.layout.chunk = clipped_chunk(options_, job.reader->shape());
            job.layout.filters = filters_for(options_, *job.reader);
        }
        plan(job, options_);
        jobs_.emplace(info.path, std::move(job));
    }

    store::hdf5::Dataset make(const std::string& path, hid_t parent, const std::string& name) {
        if (const auto job = jobs_.find(path); job != jobs_.end())
            return store::create_dataset_like(*job->second.reader, parent, name,
                                              job->second.layout);
        return {};
    }

    void rewrite(const Job& job, store::DatasetWriter& writer) {
        const DatasetReader& reader = *job.reader;
        const std::size_t element = reader.element_size();
        const Index slabs = job.plan.slabs.size();
        if (slabs == 0) return;
        const bool chunked = job.layout.chunk.rank() > 0;
        std::optional<ChunkWriter> encoder;
        if (chunked)
            encoder.emplace(
                writer, core::ChunkGrid(reader.shape(), job.layout.chunk), *job.layout.filters,
                std::vector<std::byte>(reader.fill().begin(), reader.fill().end()), job.threads);
        BlockStream stream(reader, job.threads, job.stream_memory);
        core::AlignedBuffer<std::byte> slab(
            static_cast<std::size_t>(job.plan.slabs.box(0).volume()) * element);
        for (Index n = 0; n < slabs; ++n) {
            const NdBox box = job.plan.slabs.box(n);
            const auto place = [&](const BlockView& block, int) {
                core::copy_box(intersect(block.box, box), block.raw.data(), block.raw_box,
                               slab.data(), box, element);
            };
            stream.for_each(reader.blocks_in(box), {place});
            const std::size_t bytes = static_cast<std::size_t>(box.volume()) * element;
            if (chunked)
                encoder->write(box, slab.data());
            else
                writer.write_box(box, slab.span().first(bytes));
            done_bytes_ += bytes;
            if (options_.progress) options_.progress(done_bytes_, all_bytes_);
        }
    }

    const RechunkOptions& options_;
    std::shared_ptr<const store::FileReader> file_;
    std::map<std::string, Job> jobs_; // by path
    std::uint64_t all_bytes_ = 0;
    std::uint64_t done_bytes_ = 0;
};

} // namespace

RechunkResult rechunk(const fs::path& in, const fs::path& out, const RechunkOptions& options) {
    const core::Stopwatch watch;
    RechunkResult result;
    Rechunker rechunker(in, options);
    store::NewFile file(out, options.replace);
    rechunker.write(file.file(), result);
    file.close();
    result.bytes_in = fs::file_size(rechunker.path());
    result.bytes_out = fs::file_size(out);
    result.seconds = watch.seconds();
    return result;
}

} // namespace morphogen::rework
