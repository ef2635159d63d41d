#include "morphogen/rework/open_dataset.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/store/reader.hpp"

#include <algorithm>
#include <vector>

namespace morphogen::rework {
namespace {

std::string choose_dataset(const store::FileReader& file) {
    std::vector<std::string> candidates;
    for (const store::DatasetInfo& info : file.datasets())
        if (info.is_numeric && info.shape.size() >= 2) candidates.push_back(info.path);
    if (file.frames())
        for (const char* field : {"/v", "/u"})
            if (std::find(candidates.begin(), candidates.end(), field) != candidates.end())
                return field;
    if (candidates.size() == 1) return candidates.front();
    std::string names;
    for (const std::string& name : candidates)
        names += (names.empty() ? "" : ", ") + name;
    throw core::UsageError(core::ErrorText{
        .what = "it is not clear which dataset is meant",
        .where = file.path().native(),
        .why =
            candidates.empty() ? "none holds numbers along two axes or more" : "there are " + names,
        .advice = candidates.empty() ? "see `morphogen info`" : "name one with --dataset"});
}

} // namespace

std::unique_ptr<store::DatasetReader> open_dataset(const std::filesystem::path& input,
                                                   const std::optional<std::string>& name) {
    const auto file = std::make_shared<const store::FileReader>(data_file(input));
    auto reader =
        std::make_unique<store::DatasetReader>(file, name ? *name : choose_dataset(*file));
    if (!reader->type().is_number())
        throw core::UsageError(core::ErrorText{
            .what = "not a dataset of numbers",
            .where = file->path().native() + ", " + reader->info().path,
            .why = "its elements are " + reader->info().type,
            .advice = "integers of 1, 2, 4 or 8 bytes and floats of 2, 4 or 8 can be used; see "
                      "`morphogen info`"});
    return reader;
}

} // namespace morphogen::rework
