#include "morphogen/core/error.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/repair.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "store/file_update.hpp"
#include "store/frames_look.hpp"
#include "store/mend_file.hpp"
#include "store/repair_actions.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

/// Walks over all that a file has, so that what is not whole shows.
void walk(const fs::path& path) {
    const FileReader reader(path, Access::swmr, Sources::not_looked_at);
    reader.datasets();
}

/// Of a file that no writer left: what is wrong with it stays so.
/// @throws core::Error if it cannot be opened
void tell_damage(const fs::path& path, RepairActions& actions) {
    const FileContents contents =
        FileReader(path, Access::plain, Sources::not_looked_at).contents();
    for (const std::exception_ptr& damage : contents.damaged)
        try {
            std::rethrow_exception(damage);
        } catch (const core::Error& error) {
            actions.problem(error.what());
        }
}

} // namespace

RepairReport repair_file(const fs::path& path, RepairMode mode, const RepairNote& note) {
    // The virtual frames.h5 of a run is nothing without its parts.
    const RunDirectory directory{path.has_parent_path() ? path.parent_path() : fs::path(".")};
    if (path.filename() == directory.frames().filename() && fs::exists(directory.parts()))
        return repair_run(directory, mode, note);
    RepairActions actions(mode, note);
    if (fs::exists(update_path(path))) actions.complete_update(update_path(path));
    const PartState part = look_at_part(path, 0, 0);
    if (part.is_readable() && part.damage.empty()) {
        actions.report().committed = part.frames;
        if (actions.clear_mark(path, part.mark, part.frames) && part.longest > part.frames)
            actions.cut_file(path, part.frames);
        return std::move(actions.report());
    }
    bool is_cut = false;
    const Mark mark = mark_of(path, is_cut);
    if (mark != Mark::swmr) {
        if (mark == Mark::writing)
            actions.clear_mark(path, mark, 0);
        else
            tell_damage(path, actions);
        if (!part.damage.empty()) actions.problem(part.damage);
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
