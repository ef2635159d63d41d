#include "morphogen/core/error.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/rework/render.hpp"
#include "morphogen/store/reader.hpp"

#include "rework/file_frames.hpp"

#include <algorithm>

namespace morphogen::rework {
namespace {

using core::Index;

std::string listed(const std::vector<Index>& shape) {
    std::string text;
    for (const Index n : shape)
        text += (text.empty() ? "" : ", ") + std::to_string(n);
    return "[" + text + "]";
}

bool holds_frames(const store::DatasetInfo& info) {
    return info.is_numeric && (info.shape.size() == 3 || info.shape.size() == 4);
}

std::string choose_frames(const store::FileReader& reader) {
    std::vector<std::string> candidates;
    for (const store::DatasetInfo& info : reader.datasets())
        if (holds_frames(info)) candidates.push_back(info.path);
    for (const char* usual : {"/v", "/u"})
        if (std::find(candidates.begin(), candidates.end(), usual) != candidates.end())
            return usual;
    if (candidates.size() == 1) return candidates.front();
    std::string names;
    for (const std::string& name : candidates)
        names += (names.empty() ? "" : ", ") + name;
    throw core::UsageError(
        core::ErrorText{.what = "it is not clear which dataset holds the frames",
                        .where = reader.path().native(),
                        .why = candidates.empty() ? "no numeric one has the axes time, (z,) y, x"
                                                  : "several could: " + names,
                        .advice = "name one with --dataset"});
}

std::string checked_dataset(const store::FileReader& reader, const std::string& name) {
    const store::DatasetInfo info = reader.dataset(name);
    if (!holds_frames(info))
        throw core::UsageError(
            core::ErrorText{.what = "not a dataset of frames",
                            .where = reader.path().native() + ", " + name,
                            .why = "it holds " + info.type + " " + listed(info.shape),
                            .advice = "name one of numbers with the axes time, (z,) y, x"});
    return info.path;
}

} // namespace

std::unique_ptr<FrameSource> open_frames(const std::filesystem::path& input,
                                         const std::optional<std::string>& dataset) {
    const std::filesystem::path file = data_file(input);
    const auto reader = std::make_shared<const store::FileReader>(file);
    const std::string name = dataset ? checked_dataset(*reader, *dataset) : choose_frames(*reader);
    return std::make_unique<FileFrames>(reader, name);
}

} // namespace morphogen::rework
