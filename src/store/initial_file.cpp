#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace morphogen::store {
namespace {

using core::Index;

[[noreturn]] void refuse_initial(const config::InitialFile& file, std::string_view what,
                                 std::string_view why) {
    const std::string where =
        fmt::format("initial.file \"{}\", dataset \"{}\"", file.path, file.dataset);
    const std::string placed = file.place + std::string(what);
    throw core::UsageError(core::ErrorText{.what = placed, .where = where, .why = why});
}

/// The spatial shape a dataset must end in: a plane of one cell along z may be left out.
bool matches(std::span<const Index> shape, const core::Extents& global) {
    if (shape.size() == 3) return std::equal(shape.begin(), shape.end(), global.begin());
    return shape.size() == 2 && global[0] == 1 && shape[0] == global[1] && shape[1] == global[2];
}

void check_type(const config::InitialFile& file, const DatasetInfo& info) {
    if (!info.is_numeric) refuse_initial(file, "not a numeric dataset", "its type is " + info.type);
}

Index frame_number(const config::InitialFile& file, Index frames) {
    const Index frame = file.frame < 0 ? frames + file.frame : file.frame;
    if (frame < 0 || frame >= frames)
        refuse_initial(file, fmt::format("no frame {}", file.frame),
                       fmt::format("there are {}", frames));
    return frame;
}

/// What an [[initial.file]] stands for.
struct Source {
    FileReader reader;
    DatasetInfo info;
    bool is_state = false; // else frames of states
    Index frame = 0;
};

Source open_source(const config::InitialFile& file, const core::Extents& global) {
    std::optional<Source> source;
    try {
        FileReader reader(file.path);
        DatasetInfo info = reader.dataset(file.dataset);
        source.emplace(Source{std::move(reader), std::move(info)});
    } catch (const core::Error& error) {
        throw core::UsageError(
            fmt::format("{}cannot read an initial.file: {}", file.place, error.what()));
    }
    check_type(file, source->info);
    const std::span<const Index> shape(source->info.shape);
    // [z, y, x] and [time, y, x] look alike: a 3-D grid decides for the former.
    source->is_state = matches(shape, global) && !(global[0] == 1 && shape.size() == 3);
    if (source->is_state) {
        frame_number(file, 1);
        return std::move(*source);
    }
    if (shape.size() < 3 || !matches(shape.subspan(1), global))
        refuse_initial(file, "shape does not fit the grid",
                       fmt::format("it is [{}], the grid [{}]", fmt::join(shape, ", "),
                                   fmt::join(global[0] == 1 ? std::span(global).subspan(1)
                                                            : std::span(global).subspan(0),
                                             ", ")));
    const Index committed = std::min(shape[0], source->reader.frames().value_or(shape[0]));
    source->frame = frame_number(file, committed);
    return std::move(*source);
}

/// One state without a time axis.
void read_state(const FileReader& reader, const std::string& name, std::size_t axes,
                const core::Box& box, double* out) {
    const auto data = hdf5::open_dataset(reader.file().get(), name.c_str());
    const core::Extents shape = box.shape();
    std::vector<hsize_t> start;
    std::vector<hsize_t> count;
    for (std::size_t a = 3 - axes; a < 3; ++a) {
        start.push_back(static_cast<hsize_t>(box.lo[a]));
        count.push_back(static_cast<hsize_t>(shape[a]));
    }
    const hdf5::Space space = hdf5::space_of(data);
    hdf5::select_box(space, start, count);
    hdf5::read(data, H5T_NATIVE_DOUBLE, hdf5::simple_space(count), space, out);
}

} // namespace

void check_initial_file(const config::InitialFile& file, const core::Extents& global) {
    open_source(file, global);
}

void read_initial_file(const config::InitialFile& file, const core::Extents& global,
                       const core::Box& box, double* out) {
    const Source source = open_source(file, global);
    if (source.is_state)
        return read_state(source.reader, file.dataset, source.info.shape.size(), box, out);
    source.reader.read_frame(file.dataset, source.frame, box,
                             {out, static_cast<std::size_t>(core::volume(box.shape()))});
}

} // namespace morphogen::store
