#include "morphogen/store/repair.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "store/file_update.hpp"
#include "store/frames_look.hpp"
#include "store/hdf5/superblock.hpp"
#include "store/master_file.hpp"
#include "store/mend_file.hpp"
#include "store/resume_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

void remove_file(const fs::path& path) {
    std::error_code failed;
    fs::remove(path, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot remove", .where = path.native(), .why = failed.message()});
}

/// Carries out, or only tells.
class Actions {
public:
    Actions(RepairMode mode, const RepairNote& note) : mode_(mode), note_(note) {}

    template <typename Do>
    void act(std::string text, Do&& carry_out) {
        if (note_) note_(text);
        report_.actions.push_back(std::move(text));
        if (mode_ == RepairMode::repair) carry_out();
    }
    void problem(std::string text) {
        if (std::find(report_.problems.begin(), report_.problems.end(), text) ==
            report_.problems.end())
            report_.problems.push_back(std::move(text));
    }
    bool carries_out() const noexcept { return mode_ == RepairMode::repair; }
    RepairReport& report() noexcept { return report_; }

    /// Whether the file can be opened plainly afterwards.
    bool clear_mark(const fs::path& path, Mark mark, Index frames) {
        if (mark == Mark::closed) return true;
        if (mark == Mark::writing) {
            problem(fmt::format("{}: some other program was killed while it wrote: what is in the "
                                "file cannot be relied upon; restore it, or try h5clear -s",
                                path.native()));
            return false;
        }
        const std::string why = why_not_sound(path, frames);
        if (!why.empty()) {
            problem(fmt::format("{}: stays marked as being written: {}", path.native(), why));
            return false;
        }
        act(fmt::format("clear the mark of a killed writer: {}", path.native()),
            [&] { clear_writers_mark(path); });
        return true;
    }

    void complete_update(const fs::path& update) {
        fs::path path = update;
        path.replace_extension();
        act(fmt::format("complete an interrupted change: {}", path.native()), [&] {
            try {
                finish_update(path, core::Durability::synced);
            } catch (const core::Error& error) {
                problem(error.what());
            }
        });
    }

private:
    RepairMode mode_;
    const RepairNote& note_;
    RepairReport report_;
};

class RunRepair {
public:
    RunRepair(const RunDirectory& directory, RepairMode mode, const RepairNote& note)
        : directory_(directory), actions_(mode, note) {}

    RepairReport run() {
        for (const fs::path& update : take_inventory(directory_).updates)
            actions_.complete_update(update);
        run_ = take_inventory(directory_);
        for (const fs::path& name : run_.second_names)
            actions_.act(fmt::format("undo an interrupted move: remove {}, a second name of "
                                     "frames.h5",
                                     name.native()),
                         [&] { remove_file(name); });
        for (std::size_t s = 0; s < run_.segments.size(); ++s)
            clear_marks(s);
        mend_frames_file();
        // Without a frames.h5 nobody knows what was committed: the parts stay as they are.
        if (!is_lost_) {
            for (const SegmentState& segment : run_.begun)
                remove_begun(segment);
            cut();
        }
        remove_leftovers();
        return conclude();
    }

private:
    /// Frames of the segment that count.
    Index counted(std::size_t s) const {
        const Index end = s + 1 < run_.segments.size()
                              ? run_.segments[s + 1].first_frame
                              : std::max(run_.committed, run_.segments[s].first_frame);
        return end - run_.segments[s].first_frame;
    }

    void clear_marks(std::size_t s) {
        for (const PartState& part : run_.segments[s].parts)
            actions_.clear_mark(part.path, part.mark, counted(s));
    }

    void mend_frames_file() {
        switch (run_.kind) {
        case FramesFile::data:
            return; // mended with the parts
        case FramesFile::virtual_file:
            if (run_.mark == Mark::swmr &&
                why_not_sound(directory_.frames(), run_.committed).empty())
                actions_.clear_mark(directory_.frames(), run_.mark, run_.committed);
            else if (run_.mark != Mark::closed)
                make_anew("it is marked as being written and not whole");
            return;
        case FramesFile::unreadable:
            make_anew(run_.problem);
            return;
        case FramesFile::missing:
            if (!run_.segments.empty()) make_anew("it is missing");
            return;
        }
    }

    /// From the parts alone, if they hold all that it may have counted.
    void make_anew(const std::string& why) {
        if (hold_nothing()) {
            remove_empty_parts();
            return;
        }
        Index frames = 0;
        for (std::size_t s = 0; s < run_.segments.size(); ++s) {
            const SegmentState& segment = run_.segments[s];
            const bool follows =
                segment.first_frame <= frames && (s > 0 || segment.first_frame == 0);
            if (!segment.is_whole || !follows) {
                is_lost_ = true;
                actions_.problem(fmt::format(
                    "{}: cannot be made anew from the parts ({}): the files of segment {} are not "
                    "all there and readable",
                    directory_.frames().native(), why, segment.number));
                return;
            }
            frames = segment.first_frame + segment.frames();
        }
        if (run_.segments.empty()) {
            is_lost_ = true;
            actions_.problem(fmt::format("{}: cannot be read, and there are no parts to make it "
                                         "from ({})",
                                         directory_.frames().native(), why));
            return;
        }
        run_.committed = frames;
        actions_.act(fmt::format("make {} anew from {} segment(s), {} frames: {}",
                                 directory_.frames().native(), run_.segments.size(), frames, why),
                     [&] { write_frames_file(); });
    }

    bool hold_nothing() const {
        if (run_.kind != FramesFile::missing || run_.segments.empty()) return false;
        for (const SegmentState& segment : run_.segments)
            for (const PartState& part : segment.parts)
                if (!part.is_readable() || part.frames > 0) return false;
        return true;
    }

    /// A kill came before the run had begun.
    void remove_empty_parts() {
        for (const SegmentState& segment : run_.segments)
            for (const PartState& part : segment.parts)
                actions_.act(fmt::format("remove a part without frames: {}", part.path.native()),
                             [&] { remove_file(part.path); });
        run_.segments.clear();
    }

    void write_frames_file() {
        MasterStart start;
        for (std::size_t s = 0; s < run_.segments.size(); ++s) {
            const SegmentState& segment = run_.segments[s];
            start.segments.push_back(as_source(segment));
            const FileReader part(segment.parts.front().path, Access::whichever_works,
                                  Sources::not_looked_at);
            auto records = part.records();
            records.resize(std::min(records.size(), static_cast<std::size_t>(counted(s))));
            start.records.insert(start.records.end(), records.begin(), records.end());
            start.launches_from.push_back(part.path());
        }
        replace_frames_file(directory_, config::Sync::close, whole_layout(run_.format), start,
                            false)
            ->close();
    }

    /// What frames.h5, which can be read, does not present holds nothing committed.
    void remove_begun(const SegmentState& segment) {
        const Index last = run_.segments.empty() ? -1 : run_.segments.back().number;
        for (const PartState& part : segment.parts) {
            if (segment.number < last && !(part.is_readable() && part.frames == 0)) {
                actions_.problem(fmt::format("{}: frames.h5 does not present it; left as it is",
                                             part.path.native()));
                continue;
            }
            actions_.act(
                fmt::format("remove a part that holds nothing committed: {}", part.path.native()),
                [&] { remove_file(part.path); });
        }
    }

    /// Every dataset of what is still written ends with the committed frames.
    void cut() {
        if (run_.kind == FramesFile::virtual_file && run_.longest > run_.committed &&
            run_.mark != Mark::writing)
            cut_file(directory_.frames(), run_.committed);
        if (run_.segments.empty()) return;
        const std::size_t last = run_.segments.size() - 1;
        for (const PartState& part : run_.segments[last].parts)
            if (part.is_readable() && part.longest > counted(last) && part.mark != Mark::writing)
                cut_file(part.path, counted(last));
    }

    void cut_file(const fs::path& path, Index frames) {
        if (actions_.carries_out()) {
            const auto mark = hdf5::read_mark(path);
            if (!mark || mark->writing) return; // it was not sound, which has been told
        }
        actions_.act(fmt::format("cut off frames that were not committed, after the first {}: {}",
                                 frames, path.native()),
                     [&] { cut_frames(path, frames); });
    }

    void remove_leftovers() {
        for (const fs::path& path : run_.leftovers)
            actions_.act(fmt::format("remove what was never completed: {}", path.native()),
                         [&] { remove_file(path); });
        std::error_code ignored;
        if (actions_.carries_out() && run_.segments.empty())
            fs::remove(directory_.parts(), ignored); // if nothing is in it
    }

    RepairReport conclude() {
        RepairReport& report = actions_.report();
        const RunInventory after = take_inventory(directory_);
        report.committed = actions_.carries_out() ? after.committed : run_.committed;
        // Without changes the problems that the actions mend would be told as well.
        if (actions_.carries_out() || report.actions.empty())
            for (const std::string& problem : after.problems)
                actions_.problem(problem);
        return std::move(report);
    }

    RunDirectory directory_;
    Actions actions_;
    RunInventory run_;
    bool is_lost_ = false; // frames.h5, and it cannot be made anew
};

/// Walks over all that a file has, so that what is not whole shows.
void walk(const fs::path& path) {
    const FileReader reader(path, Access::swmr, Sources::not_looked_at);
    reader.datasets();
}

} // namespace

RepairReport repair_run(const RunDirectory& directory, RepairMode mode, const RepairNote& note) {
    return RunRepair(directory, mode, note).run();
}

RepairReport repair_file(const fs::path& path, RepairMode mode, const RepairNote& note) {
    // The virtual frames.h5 of a run is nothing without its parts.
    const RunDirectory directory{path.has_parent_path() ? path.parent_path() : fs::path(".")};
    if (path.filename() == directory.frames().filename() && fs::exists(directory.parts()))
        return repair_run(directory, mode, note);
    Actions actions(mode, note);
    if (fs::exists(update_path(path))) actions.complete_update(update_path(path));
    const PartState part = look_at_part(path, 0, 0);
    if (part.is_readable()) {
        actions.report().committed = part.frames;
        if (actions.clear_mark(path, part.mark, part.frames) && part.longest > part.frames)
            actions.act(
                fmt::format("cut off frames that were not committed, after the first {}: {}",
                            part.frames, path.native()),
                [&] { cut_frames(path, part.frames); });
        return std::move(actions.report());
    }
    bool is_cut = false;
    const Mark mark = mark_of(path, is_cut);
    if (mark != Mark::swmr) {
        if (mark == Mark::writing)
            actions.clear_mark(path, mark, 0);
        else
            FileReader(path, Access::plain, Sources::not_looked_at); // says what is wrong with it
        return std::move(actions.report());
    }
    walk(path);
    if (is_cut)
        actions.problem(path.native() + ": the file is cut short");
    else
        actions.act(fmt::format("clear the mark of a killed writer: {}", path.native()),
                    [&] { clear_writers_mark(path); });
    return std::move(actions.report());
}

} // namespace morphogen::store
