#include "rework/verify_file.hpp"

#include "morphogen/core/memory.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;
using core::Index;
using core::NdBox;
using store::DatasetInfo;
using store::DatasetReader;
using store::FileReader;

class FileCheck {
public:
    explicit FileCheck(VerifyJob& job) : job_(job) {}

    void check(const VerifyTask& task) {
        const auto file = std::make_shared<const FileReader>(
            task.file, store::Access::whichever_works, store::Sources::not_looked_at);
        ++job_.result().files;
        if (file->is_swmr() && !job_.is_written())
            job_.report("file is not closed", task.file.native(),
                        file->why_not_plain() + "; unless a run is writing it, repair it");
        const store::FileContents contents = file->contents();
        if (file->frames())
            job_.guarded(task.file.native(), [&] { check_records(*file, contents.datasets); });
        for (const std::exception_ptr& damage : contents.damaged)
            job_.guarded(task.file.native(), [&] { std::rethrow_exception(damage); });
        for (const std::string& path : contents.datasets)
            job_.guarded(task.file.native() + ", " + path,
                         [&] { check_dataset(file, path, task); });
        for (const std::string& link : contents.unknown_links)
            job_.result().unchecked.push_back(task.file.native() + ", " + link +
                                              ": a link of another program's own kind");
        for (const store::ExternalLink& link : contents.external_links)
            job_.guarded(task.file.native() + ", " + link.path, [&] { follow(*file, link); });
        for (const auto& demand : task.demanded)
            job_.guarded(task.file.native(),
                         [&] { check_length(*file, demand.first, demand.second); });
    }

private:
    /// A run's columns have a value per committed frame, in order.
    void check_records(const FileReader& file, const std::vector<std::string>& datasets) {
        const Index frames = *file.frames();
        for (const std::string& path : datasets) {
            if (path != "/time" && !path.starts_with("/stats/")) continue;
            const DatasetInfo info = file.dataset(path);
            if (info.shape.size() != 1 || info.shape.front() < frames)
                job_.report("missing frames", file.path().native() + ", " + info.path,
                            fmt::format("it has {}, /step counts {}",
                                        info.shape.empty() ? 0 : info.shape.front(), frames));
        }
        for (const store::Launch& launch : file.launches())
            if (!launch.problem.empty()) job_.report(launch.problem);
        const auto records = file.records();
        for (std::size_t i = 1; i < records.size(); ++i)
            if (records[i].step <= records[i - 1].step) {
                job_.report("frames out of order", file.path().native() + ", /step",
                            fmt::format("frame {} is of step {}, the one before of step {}", i,
                                        records[i].step, records[i - 1].step));
                return;
            }
    }

    /// What a link leads to is what the file presents, as a virtual dataset's sources are.
    void follow(const FileReader& file, const store::ExternalLink& link) {
        job_.add_task(file.file_behind(link), {}, 0);
        ++job_.result().external_links;
    }

    void check_length(const FileReader& file, const std::string& dataset, Index frames) {
        const DatasetInfo info = file.dataset(dataset);
        const Index there = info.shape.empty() ? 0 : info.shape.front();
        const Index counted = std::min(there, file.frames().value_or(there)); // by its own /step
        if (counted < frames)
            job_.report("missing frames", file.path().native() + ", " + dataset,
                        fmt::format("it has {} of {} committed", counted, frames));
    }

    void check_dataset(const std::shared_ptr<const FileReader>& file, const std::string& path,
                       const VerifyTask& task) {
        file->check_no_cycle(path); // the library would follow it for ever
        const DatasetInfo info = file->dataset(path);
        const bool is_field = file->frames() && (path == "/v" || path == "/u");
        if (info.layout == store::DataLayout::assembled) {
            follow_sources(*file, info, is_field ? *file->frames() : 0);
            return;
        }
        if (!info.has_blocks()) {
            read_whole(*file, info);
            return;
        }
        const auto demanded = task.demanded.find(path);
        const Index frames = is_field                          ? *file->frames()
                             : demanded != task.demanded.end() ? demanded->second
                                                               : 0;
        if (frames == 0 && info.is_nearly_all_fill()) {
            job_.result().unchecked.push_back(fmt::format(
                "{}, {}: nearly all of it was never written", file->path().native(), path));
            return;
        }
        check_chunks(DatasetReader(file, path), frames);
    }

    void follow_sources(const FileReader& file, const DatasetInfo& info, Index frames) {
        for (const store::MappedSource& mapped : file.sources(info.path)) {
            std::error_code failed;
            const fs::path& source = mapped.file;
            const std::string& dataset = mapped.dataset;
            const Index demanded = std::max<Index>(std::min(frames, mapped.end) - mapped.first, 0);
            if (source.empty()) continue; // this file
            if (source.native().find("%b") != std::string::npos)
                job_.result().unchecked.push_back(fmt::format(
                    "{}, {}: its sources are a numbered series", file.path().native(), info.path));
            else if (!fs::exists(source, failed))
                job_.report("missing part", source.native(),
                            fmt::format("{} of {} needs it", info.path, file.path().native()));
            else
                job_.add_task(source, dataset.starts_with('/') ? dataset : "/" + dataset, demanded);
        }
    }

    /// Scalars and elements of variable size: through the library.
    void read_whole(const FileReader& file, const DatasetInfo& info) {
        if (info.raw_bytes() > job_.budget().memory) {
            job_.result().unchecked.push_back(
                fmt::format("{}, {}: {} cannot be read piece by piece", file.path().native(),
                            info.path, core::format_size(info.raw_bytes())));
            return;
        }
        file.read_through(info.path);
        ++job_.result().datasets;
        job_.result().raw_bytes += info.raw_bytes();
    }

    std::unique_ptr<BlockStream> make_stream(const DatasetReader& reader, int threads) const {
        try {
            return std::make_unique<BlockStream>(reader, threads, job_.budget().memory);
        } catch (const core::Error&) {
            throw Refused{std::current_exception()};
        }
    }

    /// @param frames of which no chunk may be missing
    void check_chunks(const DatasetReader& reader, Index frames) {
        if (const std::string filter = reader.missing_filter(); !filter.empty()) {
            job_.result().unchecked.push_back(
                fmt::format("{}, {}: no plugin for filter {} is installed",
                            reader.file().path().native(), reader.info().path, filter));
            return;
        }
        ++job_.result().datasets;
        job_.result().raw_bytes += reader.raw_bytes();
        const NdBox whole = NdBox::whole(reader.shape());
        const Index blocks = reader.count_blocks_in(whole);
        job_.result().blocks += blocks;
        if (blocks == 0) return;
        auto stream =
            make_stream(reader, useful_threads(job_.budget().threads, blocks, reader.raw_bytes()));
        // Their list and what is noted of them must stay small, however many there are.
        constexpr std::size_t at_once = 65536;
        reader.each_blocks_in(whole, at_once, [&](std::span<const store::BlockId> some) {
            check_blocks(reader, *stream, some, frames);
        });
    }

    void check_blocks(const DatasetReader& reader, BlockStream& stream,
                      std::span<const store::BlockId> blocks, Index frames) {
        std::vector<char> is_fill(blocks.size(), 0); // each written by one thread
        const auto use = [&](const BlockView& block, int) {
            block.check();
            is_fill[static_cast<std::size_t>(block.number)] = block.is_fill ? 1 : 0;
        };
        stream.for_each(
            blocks, {.use = use, .done = {}, .failed = [&](Index, const std::exception_ptr& error) {
                         job_.guarded(reader.info().path, [&] { std::rethrow_exception(error); });
                     }});
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            if (is_fill[i] == 0) continue;
            if (reader.box(blocks[i]).lo[0] < frames)
                job_.report("missing chunk", reader.describe(blocks[i]),
                            "it belongs to a committed frame and was never written");
            else
                ++job_.result().unwritten;
        }
    }

    VerifyJob& job_;
};

} // namespace

void check_file(VerifyJob& job, const VerifyTask& task) {
    FileCheck(job).check(task);
}

} // namespace morphogen::rework
