#include "store/repair_actions.hpp"

#include "morphogen/core/error.hpp"

#include "store/file_update.hpp"
#include "store/hdf5/superblock.hpp"
#include "store/mend_file.hpp"

#include <fmt/format.h>

#include <system_error>

namespace morphogen::store {

namespace fs = std::filesystem;
using core::Index;

bool RepairActions::clear_mark(const fs::path& path, Mark mark, Index frames) {
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

void RepairActions::complete_update(const fs::path& update) {
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

void RepairActions::cut_file(const fs::path& path, Index frames) {
    if (carries_out()) {
        const auto mark = hdf5::read_mark(path);
        if (!mark || mark->writing) return; // it was not sound, which has been told
    }
    act(fmt::format("cut off frames that were not committed, after the first {}: {}", frames,
                    path.native()),
        [&] { cut_frames(path, frames); });
}

void remove_file(const fs::path& path) {
    std::error_code failed;
    fs::remove(path, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot remove", .where = path.native(), .why = failed.message()});
}

} // namespace morphogen::store
