#include "store/open_segment.hpp"

#include "morphogen/config/load.hpp"
#include "morphogen/core/error.hpp"

#include "store/master_file.hpp"
#include "store/mend_file.hpp"
#include "store/salvage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace morphogen::store {
namespace {

using core::Index;

std::vector<FrameRecord> records_from(const RunDirectory& directory, Index first_frame) {
    auto records = records_of(directory);
    const auto before = std::min(first_frame, static_cast<Index>(records.size()));
    records.erase(records.begin(), records.begin() + before);
    return records;
}

/// What is known of a segment's frames where its own files cannot tell.
Elsewhere ask_elsewhere(const RunInventory& run, Index first_frame) {
    Elsewhere elsewhere;
    try {
        if (run.kind == FramesFile::virtual_file)
            elsewhere.records = records_from(run.directory, first_frame);
    } catch (const core::Error&) { // nothing, then
    }
    try {
        // The instruction set may be one that this machine lacks.
        const std::vector<std::string> overrides{"threads.isa=\"auto\""};
        elsewhere.time_step = config::load(run.directory.config(), overrides).physics.dt;
    } catch (const core::Error&) { // nothing, then
    }
    return elsewhere;
}

class OpenSegment {
public:
    OpenSegment(RunInventory& run, RepairActions& actions, const RepairGuard& guard)
        : run_(run), actions_(actions), guard_(guard) {}

    bool save() {
        if (!find()) return false;
        examine();
        const bool is_all_right = damaged_.empty() && !lacks_files_ && proven_ >= counted_;
        // Without a frames.h5 nobody knows what was committed.
        const bool is_unknown = proven_ == 0 && !counts_ && !is_alone_;
        if (is_all_right || is_left_ || is_unknown || !others_are_whole()) return false;
        const Index committed = segment_.first_frame + proven_;
        const Index before = counts_ ? run_.committed : told_;
        const bool is_loss = committed < before || before == 0;
        if (guard_ && actions_.carries_out() && is_loss) guard_(committed, damaged_files());
        const bool is_given_up = proven_ == 0 || lacks_files_;
        if (is_given_up)
            give_up();
        else
            keep();
        run_.committed = committed;
        if (is_given_up) run_.longest = committed; // of a frames.h5 that is made anew
        tell_of_loss(committed, before);
        return is_given_up && run_.kind == FramesFile::virtual_file;
    }

private:
    bool find() {
        counts_ = run_.kind == FramesFile::data || run_.kind == FramesFile::virtual_file;
        // A frames.h5 that cannot be opened, and no parts: it held the frames itself.
        is_alone_ = run_.kind == FramesFile::data ||
                    (run_.kind == FramesFile::unreadable && run_.segments.empty());
        if (!run_.segments.empty())
            segment_ = run_.segments.back();
        else if (is_alone_)
            segment_.parts = {look_at_part(run_.directory.frames(), 0, 0)};
        else
            return false;
        counted_ = counts_ ? std::max(run_.committed - segment_.first_frame, Index{0})
                           : std::numeric_limits<Index>::max();
        return true;
    }

    void examine() {
        proven_ = counted_;
        for (PartState& part : segment_.parts) {
            if (part.mark == Mark::writing) is_left_ = true; // nothing in it can be relied upon
            if (part.is_missing) {
                lacks_files_ = true;
            } else if (is_sound(part)) {
                proven_ = std::min(proven_, part.frames);
            } else {
                if (damaged_.empty()) elsewhere_ = ask_elsewhere(run_, segment_.first_frame);
                const Proven proven = prove_frames(part, elsewhere_, counted_);
                const bool has_all =
                    proven.frames > 0 && proven.frames >= (counts_ ? counted_ : proven.told);
                if (part.mark == Mark::closed && !part.is_cut && proven.opens && !has_all)
                    is_left_ = true;
                if (is_alone_ && !counts_) told_ = proven.told;
                proven_ = std::min(proven_, proven.frames);
                damaged_.push_back(&part);
            }
        }
        if (lacks_files_) proven_ = 0;
        if (proven_ == std::numeric_limits<Index>::max()) proven_ = 0;
        if (!counts_ && damaged_.empty()) is_left_ = true; // frames.h5 is made from what there is
    }

    /// Else the run cannot go on anyway.
    bool others_are_whole() const {
        return run_.segments.empty() ||
               std::all_of(run_.segments.begin(), run_.segments.end() - 1,
                           [](const SegmentState& segment) { return segment.is_whole; });
    }

    std::string damaged_files() const {
        std::string list;
        const auto add = [&](const PartState& part, std::string_view what) {
            list += fmt::format("{}{}: {}", list.empty() ? "" : ", ", part.path.native(), what);
        };
        for (const PartState& part : segment_.parts)
            if (part.is_missing) add(part, "missing");
        for (const PartState* part : damaged_)
            add(*part, "damaged");
        return list;
    }

    void tell_of_loss(Index committed, Index before) {
        const std::string frames = run_.directory.frames().native();
        if (before > committed)
            actions_.problem(fmt::format(
                "{}: frames {} to {} were committed and cannot be proven any more; run --resume "
                "computes them again",
                frames, committed, before - 1));
        else if (!counts_ && is_alone_ && before == 0)
            actions_.problem(fmt::format("{}: how many frames were committed cannot be told any "
                                         "more; run --resume computes them again",
                                         frames));
    }

    bool is_sound(const PartState& part) const {
        if (!part.is_readable() || !part.damage.empty()) return false;
        return part.mark == Mark::closed ||
               why_not_sound(part.path, std::min(counted_, part.frames)).empty();
    }

    void keep() {
        for (PartState* part : damaged_)
            actions_.act(fmt::format("keep the first {} frame(s) of {}, which are proven; what was "
                                     "there becomes {}",
                                     proven_, part->path.native(),
                                     name_aside(part->path).filename().native()),
                         [&] { keep_proven(*part, elsewhere_, proven_); });
        if (actions_.carries_out()) {
            run_ = take_inventory(run_.directory);
            return;
        }
        for (PartState* part : damaged_) {
            *part = look_inside(*part);
            part->problem.clear();
            part->mark = Mark::closed;
            part->frames = part->longest = proven_;
        }
        segment_.is_whole = true;
        if (run_.segments.empty()) {
            run_.kind = FramesFile::data;
            run_.format = segment_.parts.front().format;
            run_.segments.emplace_back();
        }
        run_.segments.back() = segment_;
    }

    void give_up() {
        for (const PartState& part : segment_.parts)
            if (!part.is_missing) put_aside(part.path);
        if (!run_.segments.empty()) run_.segments.pop_back();
        if (run_.kind == FramesFile::virtual_file && run_.segments.empty())
            put_aside(run_.directory.frames());
        if (run_.segments.empty()) run_.kind = FramesFile::missing;
    }

    void put_aside(const std::filesystem::path& path) {
        actions_.act(fmt::format("set {} aside as {}: its segment is not whole", path.native(),
                                 name_aside(path).filename().native()),
                     [&] { set_aside(path); });
    }

    RunInventory& run_;
    RepairActions& actions_;
    const RepairGuard& guard_;
    SegmentState segment_;
    Elsewhere elsewhere_;
    std::vector<PartState*> damaged_; // of segment_
    bool counts_ = false;             // frames.h5 tells what is committed
    bool is_alone_ = false;           // the frames are in frames.h5 itself
    bool lacks_files_ = false;
    bool is_left_ = false; // as it is
    Index counted_ = 0;    // frames of the segment
    Index told_ = 0;       // by a frames.h5 that cannot be opened as it is; 0: nothing
    Index proven_ = 0;     // of these
};

} // namespace

bool save_open_segment(RunInventory& run, RepairActions& actions, const RepairGuard& guard) {
    return OpenSegment(run, actions, guard).save();
}

} // namespace morphogen::store
