#include "rework/check_output.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/new_file.hpp"

#include <system_error>

namespace morphogen::rework {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_of(const store::DatasetReader& reader) {
    std::vector<fs::path> files{reader.file().path()};
    for (const store::DatasetPiece& piece : reader.pieces())
        files.push_back(piece.file);
    return files;
}

void check_output(const fs::path& out, const std::vector<fs::path>& inputs) {
    for (const fs::path& name : {out, store::unfinished_path(out)})
        for (const fs::path& input : inputs) {
            std::error_code absent;
            if (fs::equivalent(name, input, absent))
                throw core::UsageError(core::ErrorText{.what = "cannot write over the input",
                                                       .where = name.native(),
                                                       .why = "it is read while OUT is written",
                                                       .advice = "choose another OUT"});
        }
}

} // namespace morphogen::rework
