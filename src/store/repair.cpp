#include "morphogen/store/repair.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/reader.hpp"

#include <filesystem>

namespace morphogen::store {

RepairReport repair_run(const RunDirectory& directory, RepairMode) {
    if (!std::filesystem::exists(directory.frames())) return {};
    const FileReader frames(directory.frames());
    if (frames.is_swmr())
        throw core::Error(core::ErrorText{.what = "the run was killed while it wrote",
                                          .where = directory.frames().native(),
                                          .advice = "run `h5clear -s` on it first"});
    return {.committed = frames.frames().value_or(0)};
}

} // namespace morphogen::store
