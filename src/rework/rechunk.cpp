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

#include "rework/check_output.hpp"
#include "rework/chunk_writer.hpp"
#include "rework/rechunk_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
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

[[noreturn]] void refuse(const fs::path& file, const std::string& dataset, const std::string& why,
                         const std::string& advice = {}) {
    const std::string where =
        dataset.empty() ? file.native() : fmt::format("{}, {}", file.native(), dataset);
    throw core::UsageError(
        core::ErrorText{.what = "cannot rechunk", .where = where, .why = why, .advice = advice});
}

class Rechunker {
public:
    Rechunker(const fs::path& in, const RechunkOptions& options)
        : options_(options), file_(std::make_shared<store::FileReader>(data_file(in))) {
        for (const std::string& name : options_.datasets)
            named_.insert(file_->dataset(name).id);
        for (const store::DatasetInfo& info : file_->datasets())
            add(info);
        for (const std::string& name : options_.datasets)
            check_named(name);
        if (asked_for() == 0)
            refuse(file_->path(), "", "it has no such dataset of numbers",
                   options_.contiguous
                       ? "see `morphogen info`; --dataset names those with fewer than two axes"
                       : "see `morphogen info`; --chunks has one number per axis");
        for (const auto& [id, job] : jobs_)
            all_bytes_ += job.reader->raw_bytes();
    }

    void write(const store::hdf5::File& out, RechunkResult& result) {
        result.notes = store::copy_file(
            *file_, out, [&](const store::ObjectId& id, hid_t parent, const std::string& name) {
                return make(id, parent, name);
            });
        for (auto& [id, job] : jobs_) {
            const std::string& path = job.reader->info().path;
            store::DatasetWriter writer(out, path);
            rewrite(job, writer);
            writer.close();
            if (job.asked_for)
                result.datasets.push_back(
                    {path, job.reader->raw_bytes(), job.plan.passes, job.plan.slabs.size()});
        }
    }

    const fs::path& path() const { return file_->path(); }

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
            refuse(file_->path(), name,
                   fmt::format("it has {} axes, --chunks {}", info.shape.size(),
                               options_.chunks.size()));
        refuse(file_->path(), name, "it lies in another file", "name that file");
    }

    bool wanted(const store::DatasetInfo& info) const {
        const bool fits = options_.contiguous || info.shape.size() == options_.chunks.size();
        if (!named_.empty()) return fits && named_.contains(info.id);
        return fits && info.shape.size() >= (options_.contiguous ? 2U : 1U) && is_movable(info);
    }
    static bool is_movable(const store::DatasetInfo& info) {
        return info.type.starts_with("float") || info.type.starts_with("int") ||
               info.type.starts_with("uint");
    }

    void add(const store::DatasetInfo& info) {
        if (!wanted(info)) {
            // Copied as it is, it would point to files that may be elsewhere tomorrow.
            if (info.layout == store::DataLayout::assembled || info.external)
                jobs_.emplace(info.id, plan_copy(reader_of(info), options_));
            return;
        }
        jobs_.emplace(info.id, plan_rechunk(reader_of(info), options_));
    }
    std::unique_ptr<DatasetReader> reader_of(const store::DatasetInfo& info) const {
        return std::make_unique<DatasetReader>(file_, info.path);
    }

    store::hdf5::Dataset make(const store::ObjectId& id, hid_t parent, const std::string& name) {
        const auto job = jobs_.find(id);
        if (job == jobs_.end()) return {};
        return store::create_dataset_like(*job->second.reader, parent, name, job->second.layout);
    }

    void rewrite(const RechunkJob& job, store::DatasetWriter& writer) {
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
    std::set<store::ObjectId> named_; // --dataset
    std::map<store::ObjectId, RechunkJob> jobs_;
    std::uint64_t all_bytes_ = 0;
    std::uint64_t done_bytes_ = 0;
};

} // namespace

RechunkResult rechunk(const fs::path& in, const fs::path& out, const RechunkOptions& options) {
    const core::Stopwatch watch;
    RechunkResult result;
    Rechunker rechunker(in, options);
    check_output(out, rechunker.inputs());
    result.bytes_in = fs::file_size(rechunker.path());
    store::NewFile file(out, options.replace);
    rechunker.write(file.file(), result);
    file.close();
    result.bytes_out = fs::file_size(out);
    result.seconds = watch.seconds();
    return result;
}

} // namespace morphogen::rework
