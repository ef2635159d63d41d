#include "morphogen/store/repair.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "store/file_update.hpp"
#include "store/frames_look.hpp"
#include "store/hdf5/superblock.hpp"
#include "store/master_file.hpp"
#include "store/mend_file.hpp"
#include "store/open_segment.hpp"
#include "store/repair_actions.hpp"
#include "store/resume_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

std::optional<std::string> text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

/// Frames that a frames.xdmf tells of.
Index frames_in(const fs::path& xdmf) {
    constexpr std::string_view grid = "<Grid Name=\"frame ";
    const std::string text = text_of(xdmf).value_or("");
    Index frames = 0;
    for (auto at = text.find(grid); at != std::string::npos; at = text.find(grid, at + 1))
        ++frames;
    return frames;
}

/// A report.json with this number of committed frames; what is none stays as it is.
std::string with_frames(std::string report, Index frames) {
    constexpr std::string_view key = "\"frames\": ";
    const auto at = report.find(key);
    if (at == std::string::npos) return report;
    const auto first = at + key.size();
    const auto end = std::min(report.find_first_not_of("0123456789", first), report.size());
    return end == first ? report : report.replace(first, end - first, std::to_string(frames));
}

class RunRepair {
public:
    RunRepair(const RunDirectory& directory, RepairMode mode, const RepairNote& note,
              const RepairGuard& guard)
        : directory_(directory), actions_(mode, note), guard_(guard) {}

    RepairReport run() {
        for (const fs::path& update : take_inventory(directory_).updates)
            actions_.complete_update(update);
        run_ = take_inventory(directory_);
        note_what_stays();
        for (const fs::path& name : run_.second_names)
            actions_.act(fmt::format("undo an interrupted move: remove {}, a second name of "
                                     "frames.h5",
                                     name.native()),
                         [&] { remove_file(name); });
        const bool is_shorter = save_open_segment(run_, actions_, guard_);
        for (std::size_t s = 0; s < run_.segments.size(); ++s)
            clear_marks(s);
        if (is_shorter)
            actions_.act(fmt::format("make {} anew, with {} frames", directory_.frames().native(),
                                     run_.committed),
                         [&] { write_frames_file(); });
        else
            mend_frames_file();
        // Without a frames.h5 nobody knows what was committed: the parts stay as they are.
        if (!is_lost_) {
            for (const SegmentState& segment : run_.begun)
                remove_begun(segment);
            cut();
        }
        remove_leftovers();
        if (!check_latest(directory_).empty())
            actions_.act("let checkpoints/latest lead to the newest checkpoint",
                         [&] { mark_latest(directory_); });
        if (!is_lost_) describe_frames();
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

    /// Closed segments are never touched.
    void note_what_stays() {
        for (std::size_t s = 0; s + 1 < run_.segments.size(); ++s)
            for (const PartState& part : run_.segments[s].parts)
                if (!part.is_readable()) stays_.push_back(part.problem);
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
            start.launches.files.push_back(part.path());
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
            actions_.cut_file(directory_.frames(), run_.committed);
        if (run_.segments.empty()) return;
        const std::size_t last = run_.segments.size() - 1;
        for (const PartState& part : run_.segments[last].parts)
            if (part.is_readable() && part.longest > counted(last) && part.mark != Mark::writing)
                actions_.cut_file(part.path, counted(last));
    }

    void remove_leftovers() {
        for (const fs::path& path : run_.leftovers)
            actions_.act(fmt::format("remove what was never completed: {}", path.native()),
                         [&] { remove_file(path); });
        std::error_code ignored;
        if (actions_.carries_out() && run_.segments.empty())
            fs::remove(directory_.parts(), ignored); // if nothing is in it
    }

    /// frames.xdmf and report.json tell of the committed frames.
    void describe_frames() {
        const fs::path xdmf = directory_.xdmf();
        if (run_.committed == 0) {
            if (fs::exists(xdmf))
                actions_.act(fmt::format("remove {}: no frame is committed", xdmf.native()),
                             [&] { remove_file(xdmf); });
            return;
        }
        std::vector<FrameRecord> records;
        try {
            records = records_of(directory_);
        } catch (const core::Error&) { // verify tells; or it is to be made anew
        }
        if (records.empty() && (actions_.carries_out() || frames_in(xdmf) == run_.committed))
            return;
        records.resize(std::min(records.size(), static_cast<std::size_t>(run_.committed)));
        replace_text(xdmf, xdmf_of(whole_layout(run_.format), records));
        if (const auto report = text_of(directory_.report()))
            replace_text(directory_.report(), with_frames(*report, run_.committed));
    }

    /// Not synced: it can be written again.
    void replace_text(const fs::path& path, const std::string& text) {
        if (text_of(path) == text) return;
        actions_.act(
            fmt::format("write {}: {} frames are committed", path.native(), run_.committed),
            [&] { core::replace_file(path, text, core::Durability::none); });
    }

    RepairReport conclude() {
        RepairReport& report = actions_.report();
        const RunInventory after = take_inventory(directory_);
        report.committed = actions_.carries_out() ? after.committed : run_.committed;
        // Without changes the problems that the actions mend would be told as well.
        const bool is_end = actions_.carries_out() || report.actions.empty();
        for (const std::string& problem : is_end ? after.problems : stays_)
            actions_.problem(problem);
        return std::move(report);
    }

    RunDirectory directory_;
    RepairActions actions_;
    const RepairGuard& guard_;
    RunInventory run_;
    std::vector<std::string> stays_; // problems that no action mends
    bool is_lost_ = false;           // frames.h5, and it cannot be made anew
};

} // namespace

RepairReport repair_run(const RunDirectory& directory, RepairMode mode, const RepairNote& note,
                        const RepairGuard& guard) {
    return RunRepair(directory, mode, note, guard).run();
}

} // namespace morphogen::store
