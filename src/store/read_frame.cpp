#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

/// How FileReader reads single frames.
namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

[[noreturn]] void fail_reading(std::string_view what, const fs::path& file,
                               std::string_view dataset, std::string_view why) {
    const std::string where = fmt::format("{}, {}", file.native(), dataset);
    throw core::Error(core::ErrorText{.what = what, .where = where, .why = why});
}

void read_selection(const hdf5::Dataset& data, const std::vector<hsize_t>& start,
                    const std::vector<hsize_t>& count, hid_t type, void* out) {
    const hdf5::Space space = hdf5::space_of(data);
    hdf5::select_box(space, start, count);
    hdf5::read(data, type, hdf5::simple_space(count), space, out);
}

/// Start and count of one frame, whole: shape without the first axis.
struct FrameSelection {
    std::vector<hsize_t> start;
    std::vector<hsize_t> count;
};

FrameSelection select_frame(const FileReader& reader, const std::string& name,
                            std::vector<hsize_t> shape, Index frame) {
    if (const auto committed = reader.frames_of(name); committed && !shape.empty())
        shape.front() = std::min(shape.front(), static_cast<hsize_t>(*committed));
    if (shape.size() < 2)
        fail_reading("not a series of frames", reader.path(), name,
                     fmt::format("it has {} axes", shape.size()));
    if (frame < 0 || static_cast<hsize_t>(frame) >= shape.front())
        fail_reading(fmt::format("no frame {}", frame), reader.path(), name,
                     fmt::format("it has {}", shape.front()));
    FrameSelection selection{std::vector<hsize_t>(shape.size()), shape};
    selection.start.front() = static_cast<hsize_t>(frame);
    selection.count.front() = 1;
    return selection;
}

template <typename Cell>
void read_whole_frame(const FileReader& reader, const hdf5::Dataset& data, const std::string& name,
                      Index frame, hid_t type, std::span<Cell> out) {
    const auto selection = select_frame(reader, name, hdf5::shape_of(data), frame);
    hsize_t cells = 1;
    for (const hsize_t n : selection.count)
        cells *= n;
    if (cells != out.size())
        fail_reading("frame of another size", reader.path(), name,
                     fmt::format("it has {} cells, {} were expected", cells, out.size()));
    read_selection(data, selection.start, selection.count, type, out.data());
}

} // namespace

void FileReader::read_frame(const std::string& dataset, Index frame, std::span<float> out) const {
    read_whole_frame(*this, open_dataset(dataset), dataset, frame, H5T_NATIVE_FLOAT, out);
}

void FileReader::read_frame(const std::string& dataset, Index frame, std::span<double> out) const {
    read_whole_frame(*this, open_dataset(dataset), dataset, frame, H5T_NATIVE_DOUBLE, out);
}

void FileReader::read_frame(const std::string& dataset, Index frame, const core::Box& box,
                            std::span<double> out) const {
    const auto data = open_dataset(dataset);
    auto selection = select_frame(*this, dataset, hdf5::shape_of(data), frame);
    const core::Extents shape = box.shape();
    const std::size_t axes = selection.count.size() - 1;
    if (axes > 3 || static_cast<Index>(out.size()) != core::volume(shape))
        fail_reading("box does not fit the dataset", path_, dataset,
                     fmt::format("it has {} axes", axes + 1));
    for (std::size_t i = 0; i < axes; ++i) {
        const std::size_t a = 3 - axes + i;
        if (box.lo[a] < 0 || static_cast<hsize_t>(box.hi[a]) > selection.count[1 + i])
            fail_reading("box outside the frame", path_, dataset,
                         fmt::format("axis {} has {} cells", i + 1, selection.count[1 + i]));
        selection.start[1 + i] = static_cast<hsize_t>(box.lo[a]);
        selection.count[1 + i] = static_cast<hsize_t>(shape[a]);
    }
    read_selection(data, selection.start, selection.count, H5T_NATIVE_DOUBLE, out.data());
}

} // namespace morphogen::store
