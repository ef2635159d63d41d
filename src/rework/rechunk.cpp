#include "morphogen/rework/rechunk.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/large_pages.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/dataset_writer.hpp"
#include "morphogen/store/file_copy.hpp"
#include "morphogen/store/new_file.hpp"
#include "morphogen/store/user_block.hpp"

#include "rework/check_output.hpp"
#include "rework/chunk_writer.hpp"
#include "rework/rechunk_job.hpp"
#include "rework/shared_output.hpp"
#include "rework/shuffled_slab.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <system_error>
#include <vector>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;
using core::Index;
using core::NdBox;
using store::DatasetReader;

[[noreturn]] void refuse_dataset(const fs::path& file, const std::string& dataset,
                                 const std::string& why, const std::string& advice = {}) {
    const std::string where =
        dataset.empty() ? file.native() : fmt::format("{}, {}", file.native(), dataset);
    throw core::UsageError(
        core::ErrorText{.what = "cannot rechunk", .where = where, .why = why, .advice = advice});
}

class Rechunker {
public:
    Rechunker(const fs::path& in, const RechunkOptions& options, int ranks)
        : options_(options), ranks_(ranks),
          file_(std::make_shared<store::FileReader>(data_file(in))) {
        for (const std::string& name : options_.datasets)
            named_.insert(file_->dataset(name).id);
        for (const store::DatasetInfo& info : file_->datasets())
            add(info);
        for (const std::string& name : options_.datasets)
            check_named(name);
        if (asked_for() == 0)
            refuse_dataset(
                file_->path(), "", "it has no such dataset of numbers",
                options_.contiguous
                    ? "see `morphogen info`; --dataset names those with fewer than two axes"
                    : "see `morphogen info`; --chunks has one number per axis");
        for (const auto& [id, job] : jobs_)
            all_bytes_ += job.reader->raw_bytes();
    }

    /// This rank's share of every dataset. @param out on rank 0, null elsewhere.
    void write(const store::hdf5::File* out, SharedOutput& shared, RechunkResult& result) {
        if (out != nullptr)
            result.notes =
                store::copy_file(*file_, *out,
                                 [&](const store::ObjectId& id, hid_t parent,
                                     const std::string& name) { return make(id, parent, name); });
        int number = 0;
        for (auto& [id, job] : jobs_) {
            const std::string& path = job.reader->info().path;
            std::optional<store::DatasetWriter> writer;
            if (out != nullptr) writer.emplace(*out, path);
            const auto sink = shared.sink(number++, writer ? &*writer : nullptr);
            try {
                rewrite(job, *sink, shared.ranks());
            } catch (const std::bad_alloc&) {
                const std::string where = fmt::format("{}, {}", file_->path().native(), path);
                throw core::Error(core::ErrorText{
                    .what = "out of memory", .where = where, .advice = "give less --memory"});
            }
            sink->finish();
            if (job.asked_for)
                result.datasets.push_back(
                    {path, job.reader->raw_bytes(), job.plan.passes, job.plan.slabs.size()});
        }
    }

    /// Differs where the ranks would not do shares of the same work.
    std::int64_t fingerprint() const {
        std::uint64_t hash = 14695981039346656037U; // FNV-1a
        const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 1099511628211U; };
        for (const auto& [id, job] : jobs_) {
            for (const Index n : job.reader->shape())
                add(static_cast<std::uint64_t>(n));
            for (const Index n : job.plan.slabs.chunk())
                add(static_cast<std::uint64_t>(n));
            add(job.reader->pieces().size());
        }
        return static_cast<std::int64_t>(hash);
    }

    const fs::path& path() const { return file_->path(); }
    /// Bytes before the file's own.
    std::uint64_t user_block() const { return store::user_block_of(file_->file()); }

    /// A file of a few bytes may claim petabytes of fill: nobody would see the end of writing them.
    void check_room(const fs::path& out) const {
        constexpr std::uint64_t beyond_codecs = 4096;
        std::uint64_t least = 0;
        for (const auto& [id, job] : jobs_) {
            const auto& filters = job.layout.filters;
            const bool packs = filters && filters->codec.compressor != codec::Compressor::none;
            least += job.reader->raw_bytes() / (packs ? beyond_codecs : 1);
        }
        std::error_code unknown;
        const fs::path folder = out.has_parent_path() ? out.parent_path() : fs::path(".");
        const std::uint64_t room = fs::space(folder, unknown).available;
        if (unknown || least <= room) return;
        throw core::Error(
            core::ErrorText{.what = "no room for OUT",
                            .where = out.native(),
                            .why = fmt::format("it takes {} at the least, {} are free",
                                               core::format_size(least), core::format_size(room)),
                            .advice = "choose a codec, a larger disk, or some datasets only"});
    }

    /// Every file that is read.
    std::vector<fs::path> inputs() const {
        std::vector<fs::path> files{file_->path()};
        for (const auto& [id, job] : jobs_)
            for (const std::string& source : job.reader->info().sources)
                if (source != ".") files.push_back(file_->path().parent_path() / source);
        return files;
    }

private:
    std::ptrdiff_t asked_for() const {
        return std::count_if(jobs_.begin(), jobs_.end(),
                             [](const auto& job) { return job.second.asked_for; });
    }

    void check_named(const std::string& name) const {
        const store::DatasetInfo info = file_->dataset(name);
        const auto job = jobs_.find(info.id);
        if (job != jobs_.end() && job->second.asked_for) return;
        if (info.shape.size() != options_.chunks.size() && !options_.contiguous)
            refuse_dataset(file_->path(), name,
                           fmt::format("it has {} axes, --chunks {}", info.shape.size(),
                                       options_.chunks.size()));
        refuse_dataset(file_->path(), name, "it lies in another file", "name that file");
    }

    bool wanted(const store::DatasetInfo& info) const {
        const bool fits = options_.contiguous || info.shape.size() == options_.chunks.size();
        if (!named_.empty()) return fits && named_.contains(info.id);
        return fits && info.shape.size() >= (options_.contiguous ? 2U : 1U) && info.is_numeric;
    }
    void add(const store::DatasetInfo& info) {
        if (!wanted(info)) {
            // Copied as it is, it would point to files that may be elsewhere tomorrow.
            if (info.layout == store::DataLayout::assembled || info.external)
                jobs_.emplace(info.id, plan_copy(reader_of(info), options_, ranks_));
            return;
        }
        jobs_.emplace(info.id, plan_rechunk(reader_of(info), options_, ranks_));
    }
    std::unique_ptr<DatasetReader> reader_of(const store::DatasetInfo& info) const {
        return std::make_unique<DatasetReader>(file_, info.path);
    }

    store::hdf5::Dataset make(const store::ObjectId& id, hid_t parent, const std::string& name) {
        const auto job = jobs_.find(id);
        if (job == jobs_.end()) return {};
        return store::create_dataset_like(*job->second.reader, parent, name, job->second.layout);
    }

    void rewrite(const RechunkJob& job, ElementSink& sink, const mpi::Communicator& ranks) {
        const DatasetReader& reader = *job.reader;
        const std::size_t element = reader.element_size();
        const Index slabs = job.plan.slabs.size();
        if (slabs <= ranks.rank()) return;
        const bool chunked = job.layout.chunk.rank() > 0;
        const core::ChunkGrid chunks =
            chunked ? core::ChunkGrid(reader.shape(), job.layout.chunk) : core::ChunkGrid();
        std::optional<ChunkWriter> encoder;
        if (chunked)
            encoder.emplace(
                [&](const core::Dims& lo, std::span<const std::byte> stored) {
                    sink.write_chunk(lo, stored);
                },
                chunks, *job.layout.filters,
                std::vector<std::byte>(reader.fill().begin(), reader.fill().end()), job.threads);
        BlockStream stream(reader, job.threads, job.stream_memory);
        auto slab = core::large_buffer<std::byte>(
            static_cast<std::size_t>(job.plan.slabs.box(0).volume()) * element);
        for (Index n = ranks.rank(); n < slabs; n += ranks.size()) {
            const NdBox box = job.plan.slabs.box(n);
            const auto place = [&](const BlockView& block, int) {
                if (job.shuffled)
                    place_shuffled(block, chunks, slab.data(), box, element);
                else
                    block.copy_to(intersect(block.box, box), slab.data(), box);
            };
            stream.for_each(reader.blocks_in(box), {place, [&](Index) { sink.poll(); }});
            const std::size_t bytes = static_cast<std::size_t>(box.volume()) * element;
            if (job.shuffled)
                encoder->write_shuffled(box, slab.data());
            else if (chunked)
                encoder->write(box, slab.data());
            else
                sink.write_box(box, slab.span().first(bytes));
            show_progress(bytes * static_cast<std::size_t>(ranks.size()));
        }
    }

    /// The others are about as far as this rank.
    void show_progress(std::uint64_t bytes) {
        done_bytes_ = std::min(done_bytes_ + bytes, all_bytes_);
        if (options_.progress) options_.progress(done_bytes_, all_bytes_);
    }

    const RechunkOptions& options_;
    int ranks_;
    std::shared_ptr<const store::FileReader> file_;
    std::set<store::ObjectId> named_; // --dataset
    std::map<store::ObjectId, RechunkJob> jobs_;
    std::uint64_t all_bytes_ = 0;
    std::uint64_t done_bytes_ = 0;
};

/// What every rank can keep to.
RechunkOptions least_of_all(RechunkOptions options, const mpi::Communicator& ranks) {
    options.threads =
        static_cast<int>(ranks.allreduce(static_cast<std::int64_t>(options.threads), mpi::Op::min));
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    options.memory = static_cast<std::uint64_t>(
        ranks.allreduce(static_cast<std::int64_t>(std::min(options.memory, most)), mpi::Op::min));
    return options;
}

void check_same_work(const mpi::Communicator& ranks, std::int64_t fingerprint, const fs::path& in) {
    const bool same = ranks.agree(fingerprint);
    mpi::run_collectively(ranks, [&] {
        if (!same)
            refuse_dataset(in, "", "the ranks do not see the same file",
                           "wait until nothing writes to it; every node must reach it");
    });
}

} // namespace

RechunkResult rechunk(const fs::path& in, const fs::path& out, const RechunkOptions& wanted,
                      const mpi::Communicator& ranks) {
    const core::Stopwatch watch;
    RechunkResult result;
    const RechunkOptions options = ranks.size() > 1 ? least_of_all(wanted, ranks) : wanted;
    std::optional<Rechunker> rechunker;
    SharedOutput shared(ranks);
    const auto plan = [&] {
        rechunker.emplace(in, options, ranks.size());
        if (!ranks.is_root()) return;
        check_output(out, rechunker->inputs());
        rechunker->check_room(out);
    };
    if (ranks.size() == 1) {
        plan();
    } else {
        mpi::run_collectively(ranks, plan);
        check_same_work(ranks, rechunker->fingerprint(), in);
    }
    std::optional<store::NewFile> file; // of rank 0
    shared.run(
        [&] {
            if (!ranks.is_root()) return rechunker->write(nullptr, shared, result);
            result.bytes_in = fs::file_size(rechunker->path());
            const std::uint64_t user_block = rechunker->user_block();
            file.emplace(out, options.replace, user_block);
            store::copy_user_block(rechunker->path(), file->file(), user_block);
            rechunker->write(&file->file(), shared, result);
        },
        [&] {
            file->close();
            result.bytes_out = fs::file_size(out);
        });
    result.seconds = watch.seconds();
    return result;
}

} // namespace morphogen::rework
