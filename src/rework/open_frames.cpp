#include "morphogen/core/error.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/rework/render.hpp"
#include "morphogen/store/reader.hpp"

#include <algorithm>

namespace morphogen::rework {
namespace {

using core::Index;

/// Frames of a dataset [time, (z,) y, x] of an HDF5 file.
class FileFrames final : public FrameSource {
public:
    FileFrames(store::FileReader reader, std::string dataset)
        : reader_(std::move(reader)), dataset_(std::move(dataset)) {
        const std::vector<Index> shape = reader_.dataset(dataset_).shape;
        std::copy_backward(shape.begin() + 1, shape.end(), shape_.end());
        // The dataset may be longer than what is committed.
        frames_ = std::min(shape[0], reader_.frames().value_or(shape[0]));
    }

    Index frames() const override { return frames_; }
    core::Extents shape() const override { return shape_; }
    void read(Index frame, Index first, Index last, std::vector<double>& values) override {
        const core::Box box{{first, 0, 0}, {last, shape_[1], shape_[2]}};
        values.resize(static_cast<std::size_t>(core::volume(box.shape())));
        reader_.read_frame(dataset_, frame, box, values);
    }

private:
    store::FileReader reader_;
    std::string dataset_;
    core::Extents shape_{1, 1, 1};
    Index frames_ = 0;
};

bool holds_frames(const store::DatasetInfo& info) {
    const bool number = info.type.starts_with("float") || info.type.starts_with("int") ||
                        info.type.starts_with("uint");
    return number && (info.shape.size() == 3 || info.shape.size() == 4);
}

std::string choose_dataset(const store::FileReader& reader) {
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
                            .why = "it needs 3 or 4 axes (time, (z,) y, x) of numbers"});
    return info.path;
}

} // namespace

std::unique_ptr<FrameSource> open_frames(const std::filesystem::path& input,
                                         const std::optional<std::string>& dataset) {
    const std::filesystem::path file = data_file(input);
    store::FileReader reader(file);
    std::string name = dataset ? checked_dataset(reader, *dataset) : choose_dataset(reader);
    return std::make_unique<FileFrames>(std::move(reader), std::move(name));
}

} // namespace morphogen::rework
