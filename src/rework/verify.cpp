#include "morphogen/rework/verify.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/directory_lock.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_directory.hpp"
#include "morphogen/store/run_inventory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;
using core::Index;
using core::NdBox;
using store::DatasetInfo;
using store::DatasetReader;
using store::FileReader;

/// A file to look at, and how much of some of its datasets must be there.
struct Task {
    fs::path file;
    std::map<std::string, Index> demanded; // frames, by dataset
};

/// Too little memory is no problem of the file: it ends everything.
struct Refused {
    std::exception_ptr why;
};

class Verifier {
public:
    Verifier(const ReworkBudget& budget, const std::function<void(const std::string&)>& problem)
        : budget_(budget), problem_(problem) {}

    VerifyResult run(const fs::path& path) {
        add_files(path);
        for (std::size_t i = 0; i < tasks_.size(); ++i) { // sources are added meanwhile
            const Task task = tasks_[i];
            try {
                guarded(task.file.native(), [&] { check_file(task); });
            } catch (const Refused& refused) {
                std::rethrow_exception(refused.why);
            }
            if (budget_.progress)
                budget_.progress(static_cast<Index>(i + 1), static_cast<Index>(tasks_.size()));
        }
        return std::move(result_);
    }

private:
    /// What there is to look at, as far as it is known without looking.
    void add_files(const fs::path& path) {
        const store::RunDirectory directory{path};
        std::error_code failed;
        const bool is_run = fs::is_directory(path, failed) && directory.holds_run();
        is_written_ = store::is_locked(is_run ? path : run_directory_of(path));
        if (is_written_)
            result_.unchecked.push_back(path.native() +
                                        ": whether its files are closed, since a run writes them");
        if (!is_run) {
            const fs::path file = data_file(path);
            FileReader(file, store::Access::whichever_works, store::Sources::not_looked_at);
            return add_task(file, {}, 0);
        }
        if (fs::exists(directory.frames(), failed))
            add_task(directory.frames(), {}, 0);
        else if (!store::take_inventory(directory).holds_nothing())
            report("missing file", directory.frames().native(), "it presents the run's frames");
        else
            result_.unchecked.push_back(directory.root.native() +
                                        ": frames, since none has been committed");
        report_unfinished(directory);
        if (!is_presenting(directory.frames())) // then the parts speak for themselves
            for (const fs::path& part : directory.existing_parts())
                if (part.extension() == ".h5") add_task(part, {}, 0);
        check_checkpoints(directory);
    }

    static bool is_presenting(const fs::path& frames) {
        try {
            FileReader(frames, store::Access::whichever_works, store::Sources::not_looked_at)
                .datasets();
            return true;
        } catch (const core::Error&) { // told when it is its turn
            return false;
        }
    }

    /// The directory that a run would lock: a part's is one above parts/.
    static fs::path run_directory_of(const fs::path& path) {
        std::error_code failed;
        if (fs::is_directory(path, failed)) return path;
        const fs::path folder = fs::absolute(path, failed).parent_path();
        return folder.filename() == "parts" ? folder.parent_path() : folder;
    }

    /// What a kill left, as repair would remove or complete it.
    void report_unfinished(const store::RunDirectory& directory) {
        if (is_written_) return;
        const store::RunInventory run = store::take_inventory(directory);
        for (const fs::path& file : run.leftovers)
            report("file was never completed", file.native(), "a kill left it; repair it");
        for (const fs::path& file : run.updates)
            report("change was never completed", file.native(), "a kill left it; repair it");
    }

    void check_checkpoints(const store::RunDirectory& directory) {
        for (const store::CheckpointEntry& entry : store::list_checkpoints(directory)) {
            const auto problems = store::check_checkpoint(entry);
            std::error_code failed;
            if (is_written_ && !fs::exists(entry.directory, failed)) continue; // rotated meanwhile
            ++result_.checkpoints;
            for (const std::string& problem : problems)
                report(problem);
        }
        if (const std::string problem = store::check_latest(directory);
            !problem.empty() && !is_written_)
            report(problem);
    }

    void report(const std::string& line) {
        ++result_.problems;
        problem_(line);
    }
    void report(std::string_view what, const std::string& where, std::string_view why) {
        report(core::Error(core::ErrorText{.what = what, .where = where, .why = why}).what());
    }

    /// What goes wrong in @p check is a problem, and no reason to stop.
    template <typename Check>
    void guarded(const std::string& where, Check&& check) {
        try {
            check();
        } catch (const core::Error& error) {
            report(error.what());
        } catch (const std::bad_alloc&) {
            report("cannot check", where, "not enough memory");
        }
    }

    /// Each file once, by whatever names others lead to it: links may go round in circles.
    void add_task(const fs::path& file, const std::string& dataset, Index frames) {
        std::error_code failed;
        const fs::path one_name = fs::weakly_canonical(file, failed);
        const auto [place, is_new] =
            numbers_.emplace(failed ? file.native() : one_name.native(), tasks_.size());
        if (is_new) tasks_.push_back({file, {}});
        if (!dataset.empty()) {
            Index& demanded = tasks_[place->second].demanded[dataset];
            demanded = std::max(demanded, frames);
        }
    }

    void check_file(const Task& task) {
        const auto file = std::make_shared<const FileReader>(
            task.file, store::Access::whichever_works, store::Sources::not_looked_at);
        ++result_.files;
        if (file->is_swmr() && !is_written_)
            report("file is not closed", task.file.native(),
                   file->why_not_plain() + "; unless a run is writing it, repair it");
        if (file->frames()) guarded(task.file.native(), [&] { check_records(*file); });
        for (const std::string& path : file->dataset_paths())
            guarded(task.file.native() + ", " + path, [&] { check_dataset(file, path, task); });
        guarded(task.file.native(), [&] { follow_links(*file); });
        for (const auto& demand : task.demanded)
            guarded(task.file.native(), [&] { check_length(*file, demand.first, demand.second); });
    }

    /// A run's columns have a value per committed frame, in order.
    void check_records(const FileReader& file) {
        const Index frames = *file.frames();
        for (const DatasetInfo& info : file.datasets()) {
            const bool column = info.path == "/time" || info.path.starts_with("/stats/");
            if (column && (info.shape.size() != 1 || info.shape.front() < frames))
                report("missing frames", file.path().native() + ", " + info.path,
                       fmt::format("it has {}, /step counts {}",
                                   info.shape.empty() ? 0 : info.shape.front(), frames));
        }
        for (const store::Launch& launch : file.launches())
            if (!launch.problem.empty()) report(launch.problem);
        const auto records = file.records();
        for (std::size_t i = 1; i < records.size(); ++i)
            if (records[i].step <= records[i - 1].step) {
                report("frames out of order", file.path().native() + ", /step",
                       fmt::format("frame {} is of step {}, the one before of step {}", i,
                                   records[i].step, records[i - 1].step));
                return;
            }
    }

    /// What they lead to is what the file presents, as a virtual dataset's sources are.
    void follow_links(const FileReader& file) {
        for (const store::ExternalLink& link : file.external_links()) {
            ++result_.external_links;
            guarded(file.path().native() + ", " + link.path,
                    [&] { add_task(file.file_behind(link), {}, 0); });
        }
    }

    void check_length(const FileReader& file, const std::string& dataset, Index frames) {
        const DatasetInfo info = file.dataset(dataset);
        const Index there = info.shape.empty() ? 0 : info.shape.front();
        const Index counted = std::min(there, file.frames().value_or(there)); // by its own /step
        if (counted < frames)
            report("missing frames", file.path().native() + ", " + dataset,
                   fmt::format("it has {} of {} committed", counted, frames));
    }

    void check_dataset(const std::shared_ptr<const FileReader>& file, const std::string& path,
                       const Task& task) {
        file->check_no_cycle(path); // the library would follow it for ever
        const DatasetInfo info = file->dataset(path);
        const bool is_field = file->frames() && (path == "/v" || path == "/u");
        if (info.layout == store::DataLayout::assembled) {
            follow_sources(*file, info, is_field ? *file->frames() : 0);
            return;
        }
        if (!has_blocks(info)) {
            read_whole(*file, info);
            return;
        }
        const auto demanded = task.demanded.find(path);
        const Index frames = is_field                          ? *file->frames()
                             : demanded != task.demanded.end() ? demanded->second
                                                               : 0;
        if (frames == 0 && info.is_nearly_all_fill()) {
            result_.unchecked.push_back(fmt::format("{}, {}: nearly all of it was never written",
                                                    file->path().native(), path));
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
                result_.unchecked.push_back(fmt::format("{}, {}: its sources are a numbered series",
                                                        file.path().native(), info.path));
            else if (!fs::exists(source, failed))
                report("missing part", source.native(),
                       fmt::format("{} of {} needs it", info.path, file.path().native()));
            else
                add_task(source, dataset.starts_with('/') ? dataset : "/" + dataset, demanded);
        }
    }

    static bool has_blocks(const DatasetInfo& info) {
        return !info.is_variable && !info.shape.empty() &&
               info.shape.size() <= static_cast<std::size_t>(core::Dims::max_rank);
    }

    /// Scalars and elements of variable size: through the library.
    void read_whole(const FileReader& file, const DatasetInfo& info) {
        if (info.raw_bytes() > budget_.memory) {
            result_.unchecked.push_back(fmt::format("{}, {}: {} cannot be read piece by piece",
                                                    file.path().native(), info.path,
                                                    core::format_size(info.raw_bytes())));
            return;
        }
        file.read_through(info.path);
        ++result_.datasets;
        result_.raw_bytes += info.raw_bytes();
    }

    std::unique_ptr<BlockStream> make_stream(const DatasetReader& reader, int threads) const {
        try {
            return std::make_unique<BlockStream>(reader, threads, budget_.memory);
        } catch (const core::Error&) {
            throw Refused{std::current_exception()};
        }
    }

    /// @param frames of which no chunk may be missing
    void check_chunks(const DatasetReader& reader, Index frames) {
        if (const std::string filter = reader.missing_filter(); !filter.empty()) {
            result_.unchecked.push_back(fmt::format("{}, {}: no plugin for filter {} is installed",
                                                    reader.file().path().native(),
                                                    reader.info().path, filter));
            return;
        }
        ++result_.datasets;
        result_.raw_bytes += reader.raw_bytes();
        const NdBox whole = NdBox::whole(reader.shape());
        const Index blocks = reader.count_blocks_in(whole);
        result_.blocks += blocks;
        if (blocks == 0) return;
        auto stream =
            make_stream(reader, useful_threads(budget_.threads, blocks, reader.raw_bytes()));
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
                         guarded(reader.info().path, [&] { std::rethrow_exception(error); });
                     }});
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            if (is_fill[i] == 0) continue;
            if (reader.box(blocks[i]).lo[0] < frames)
                report("missing chunk", reader.describe(blocks[i]),
                       "it belongs to a committed frame and was never written");
            else
                ++result_.unwritten;
        }
    }

    const ReworkBudget& budget_;
    const std::function<void(const std::string&)>& problem_;
    std::vector<Task> tasks_;
    std::map<std::string, std::size_t> numbers_; // of tasks_, by the file's one name
    bool is_written_ = false;                    // by a run, meanwhile
    VerifyResult result_;
};

} // namespace

VerifyResult verify(const fs::path& path, const ReworkBudget& budget,
                    const std::function<void(const std::string&)>& problem) {
    return Verifier(budget, problem).run(path);
}

} // namespace morphogen::rework
