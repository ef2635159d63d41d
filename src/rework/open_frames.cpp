#include "morphogen/core/error.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/rework/render.hpp"
#include "morphogen/store/reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace morphogen::rework {
namespace {

using core::Index;

/// HDF5's chunk cache (1 MiB), conversion buffers (1 MiB each way) and metadata.
constexpr std::uint64_t library_bytes = std::uint64_t{4} << 20;

/// The range of the selected frames, if there are figures for all of them.
std::optional<ValueRange> range_of(const std::vector<store::FieldStatistics>& statistics,
                                   std::span<const Index> frames) {
    RangeFinder finder;
    for (const Index frame : frames) {
        if (frame >= static_cast<Index>(statistics.size())) return std::nullopt;
        const store::FieldStatistics& s = statistics[static_cast<std::size_t>(frame)];
        if (!std::isfinite(s.min) || !std::isfinite(s.max)) return std::nullopt;
        finder.add(std::array{s.min, s.max});
    }
    return finder.range();
}

/// Frames of a dataset [time, (z,) y, x] of an HDF5 file.
class FileFrames final : public FrameSource {
public:
    FileFrames(store::FileReader reader, std::string dataset)
        : reader_(std::move(reader)), dataset_(std::move(dataset)) {
        const store::DatasetInfo info = reader_.dataset(dataset_);
        const std::vector<Index>& shape = info.shape;
        std::copy_backward(shape.begin() + 1, shape.end(), shape_.end());
        if (info.chunk.size() == 4) planes_at_once_ = info.chunk[1];
        std::uint64_t chunk_bytes = info.element_size;
        for (const Index n : info.chunk)
            chunk_bytes *= static_cast<std::uint64_t>(n);
        // A chunk as it is stored and decoded, and the library's own cache and buffers.
        reading_bytes_ = (info.chunk.empty() ? 0 : 2 * chunk_bytes) + library_bytes;
        // The dataset may be longer than what is committed.
        frames_ = std::min(shape[0], reader_.frames().value_or(shape[0]));
    }

    Index frames() const override { return frames_; }
    core::Extents shape() const override { return shape_; }
    void read(Index frame, Index first, Index last, std::span<double> values) override {
        const core::Box box{{first, 0, 0}, {last, shape_[1], shape_[2]}};
        reader_.read_frame(dataset_, frame, box, values);
    }

    Index planes_at_once() const override { return planes_at_once_; }
    std::uint64_t reading_bytes() const override { return reading_bytes_; }

    /// /stats of a run's file. They are those before rounding, which moves the ends of a colour map
    /// by less than anyone sees.
    std::optional<ValueRange> stored_range(std::span<const Index> frames) const override {
        for (const core::Field field : {core::Field::u, core::Field::v})
            if (dataset_ == "/" + std::string(core::name_of(field)))
                return range_of(reader_.statistics(field), frames);
        return std::nullopt;
    }

private:
    store::FileReader reader_;
    std::string dataset_;
    core::Extents shape_{1, 1, 1};
    Index frames_ = 0;
    Index planes_at_once_ = 1;
    std::uint64_t reading_bytes_ = 0;
};

std::string listed(const std::vector<Index>& shape) {
    std::string text;
    for (const Index n : shape)
        text += (text.empty() ? "" : ", ") + std::to_string(n);
    return "[" + text + "]";
}

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
                            .why = "it holds " + info.type + " " + listed(info.shape),
                            .advice = "name one of numbers with the axes time, (z,) y, x"});
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
