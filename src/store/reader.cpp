#include "morphogen/store/reader.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/schema.hpp"

#include "store/dataset_info.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <exception>
#include <set>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

[[noreturn]] void fail(std::string_view what, const fs::path& file, std::string_view dataset,
                       std::string_view why, std::string_view advice = {}) {
    const std::string where = fmt::format("{}, {}", file.native(), dataset);
    throw core::Error(core::ErrorText{.what = what, .where = where, .why = why, .advice = advice});
}

herr_t add_dataset(hid_t, const char* name, const H5O_info_t* info, void* paths) {
    if (info->type == H5O_TYPE_DATASET)
        static_cast<std::vector<std::string>*>(paths)->push_back("/" + std::string(name));
    return 0;
}

std::vector<std::string> paths_of_datasets(const hdf5::File& file) {
    std::vector<std::string> paths;
    hdf5::call("H5Ovisit", {.object = file.get()}, [&] {
        return H5Ovisit2(file.get(), H5_INDEX_NAME, H5_ITER_INC, add_dataset, &paths,
                         H5O_INFO_BASIC);
    });
    std::sort(paths.begin(), paths.end());
    return paths;
}

/// The library keeps every source open, and reads fill values, silently, where it cannot.
void allow_open_files(std::size_t files, const fs::path& path) {
    constexpr std::size_t others = 64;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= files + others) return;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, files + others);
    if (limit.rlim_cur >= files + others && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
    const std::string why =
        fmt::format("it has {} sources, this process may open {} files", files, limit.rlim_max);
    throw core::Error(core::ErrorText{.what = "cannot open virtual file",
                                      .where = path.native(),
                                      .why = why,
                                      .advice = "raise ulimit -n"});
}

std::string value_text(hid_t object, const std::string& name) {
    const auto number = [&] { return std::to_string(hdf5::read_integer(object, name.c_str())); };
    return hdf5::is_string(object, name.c_str()) ? hdf5::read_string(object, name.c_str())
                                                 : number();
}

template <typename Value>
std::vector<Value> read_column(const hdf5::File& file, const std::string& name, hid_t type,
                               Index count) {
    const auto column = hdf5::open_dataset(file.get(), name.c_str());
    const std::array<hsize_t, 1> first{0};
    const std::array<hsize_t, 1> length{static_cast<hsize_t>(count)};
    const hdf5::Space space = hdf5::space_of(column);
    hdf5::select_box(space, first, length);
    std::vector<Value> values(static_cast<std::size_t>(count));
    hdf5::read(column, type, hdf5::simple_space(length), space, values.data());
    return values;
}

void read_selection(const hdf5::Dataset& data, const std::vector<hsize_t>& start,
                    const std::vector<hsize_t>& count, hid_t type, void* out) {
    const hdf5::Space space = hdf5::space_of(data);
    hdf5::select_box(space, start, count);
    hdf5::read(data, type, hdf5::simple_space(count), space, out);
}

} // namespace

std::string_view name_of(DataLayout layout) noexcept {
    switch (layout) {
    case DataLayout::compact:
        return "compact";
    case DataLayout::contiguous:
        return "contiguous";
    case DataLayout::chunked:
        return "chunked";
    case DataLayout::assembled:
        return "virtual";
    }
    return "";
}

std::uint64_t DatasetInfo::raw_bytes() const noexcept {
    std::uint64_t bytes = element_size;
    for (const Index n : shape)
        if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(n), &bytes)) return UINT64_MAX;
    return bytes;
}

bool DatasetInfo::is_nearly_all_fill() const noexcept {
    constexpr std::uint64_t quickly_read = std::uint64_t{64} << 20;
    constexpr std::uint64_t beyond_codecs = 4096; // deflate's limit is 1032
    return layout != DataLayout::assembled && raw_bytes() > quickly_read &&
           stored_bytes < raw_bytes() / beyond_codecs;
}

double DatasetInfo::ratio() const noexcept {
    return stored_bytes == 0 ? 0.0
                             : static_cast<double>(raw_bytes()) / static_cast<double>(stored_bytes);
}

FileReader::FileReader(const fs::path& path, Access access, Sources sources) : path_(path) {
    if (access != Access::whichever_works) {
        open(access, sources);
        return;
    }
    try {
        open(Access::plain, sources);
    } catch (const core::Error& error) {
        // A run that goes on, or was killed: its files say that a writer has them.
        why_not_plain_ = error.what();
        const std::exception_ptr plainly = std::current_exception();
        try {
            open(Access::swmr, sources);
        } catch (const core::Error&) {
            std::rethrow_exception(plainly);
        }
    }
}

void FileReader::open(Access access, Sources sources) {
    swmr_ = access == Access::swmr;
    file_ = hdf5::open_file(path_, swmr_ ? hdf5::Mode::read_swmr : hdf5::Mode::read);
    if (sources == Sources::demanded) check_sources();
}

void FileReader::check_sources() const {
    std::set<std::pair<std::string, std::string>> sources;
    for (const std::string& path : paths_of_datasets(file_)) {
        const auto data = hdf5::open_dataset(file_.get(), path.c_str());
        const auto creation = hdf5::creation_of(data);
        if (H5Pget_layout(creation.get()) != H5D_VIRTUAL) continue;
        for (const VirtualSource& source : virtual_sources(creation))
            // "%b" numbers the blocks of a series that may end anywhere; "." is this file.
            if (source.file != "." && source.file.find("%b") == std::string::npos)
                sources.emplace(source.file, source.dataset);
    }
    std::set<std::string> files;
    for (const auto& [file, dataset] : sources) {
        files.insert(file);
        const fs::path where = path_.parent_path() / file; // an absolute name stays as it is
        const auto source =
            hdf5::open_file(where, swmr_ ? hdf5::Mode::read_swmr : hdf5::Mode::read);
        hdf5::open_dataset(source.get(), dataset.c_str());
    }
    allow_open_files(files.size(), path_);
}

hdf5::Dataset FileReader::open_dataset(const std::string& path) const {
    if (!hdf5::exists(file_.get(), path.c_str())) {
        const auto there = paths_of_datasets(file_);
        fail("no such dataset", path_, path, "the file does not have it",
             there.empty() ? "" : fmt::format("it has {}", fmt::join(there, ", ")));
    }
    return hdf5::open_dataset(file_.get(), path.c_str(), hdf5::strict_virtual_dataset());
}

std::vector<DatasetInfo> FileReader::datasets() const {
    std::vector<DatasetInfo> infos;
    for (const std::string& path : paths_of_datasets(file_))
        infos.push_back(dataset(path));
    return infos;
}

std::vector<std::string> FileReader::dataset_paths() const {
    return paths_of_datasets(file_);
}

void FileReader::read_through(const std::string& path) const {
    const auto data = open_dataset(path);
    const hdf5::Space space = hdf5::space_of(data);
    const hdf5::Type type = hdf5::type_of(data);
    const auto elements = hdf5::call("H5Sget_simple_extent_npoints", {.object = data.get()},
                                     [&] { return H5Sget_simple_extent_npoints(space.get()); });
    if (elements == 0) return;
    std::vector<std::byte> values(static_cast<std::size_t>(elements) * H5Tget_size(type.get()));
    hdf5::call("H5Dread", {.object = data.get()}, [&] {
        return H5Dread(data.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    });
    if (H5Tdetect_class(type.get(), H5T_VLEN) > 0 || H5Tdetect_class(type.get(), H5T_STRING) > 0)
        hdf5::call("H5Dvlen_reclaim", {.object = data.get()}, [&] {
            return H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, values.data());
        });
}

std::vector<MappedSource> FileReader::sources(const std::string& path) const {
    std::vector<MappedSource> mapped;
    for (VirtualSource& source : virtual_sources(hdf5::creation_of(open_dataset(path)))) {
        MappedSource m{.file = source.file == "." ? fs::path() : path_.parent_path() / source.file,
                       .dataset = std::move(source.dataset),
                       .first = source.first};
        if (source.count != H5S_UNLIMITED) m.end = m.first + static_cast<Index>(source.count);
        mapped.push_back(std::move(m));
    }
    return mapped;
}

DatasetInfo FileReader::dataset(const std::string& path) const {
    return describe_dataset(open_dataset(path), path.starts_with('/') ? path : "/" + path);
}

std::optional<Index> FileReader::frames() const {
    if (!hdf5::exists(file_.get(), schema::step)) return std::nullopt;
    const auto shape = hdf5::shape_of(hdf5::open_dataset(file_.get(), schema::step));
    if (shape.size() != 1) return std::nullopt;
    return static_cast<Index>(shape.front());
}

std::vector<FrameRecord> FileReader::records() const {
    const Index count = frames().value_or(0);
    if (count == 0 || !hdf5::exists(file_.get(), schema::time)) return {};
    const auto steps = read_column<std::int64_t>(file_, schema::step, H5T_NATIVE_INT64, count);
    const auto times = read_column<double>(file_, schema::time, H5T_NATIVE_DOUBLE, count);
    std::vector<FrameRecord> records(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].number = static_cast<Index>(i);
        records[i].step = steps[i];
        records[i].time = times[i];
    }
    for (const core::Field field : {core::Field::u, core::Field::v}) {
        const std::vector<FieldStatistics> stored = statistics(field);
        for (std::size_t i = 0; i < stored.size(); ++i)
            records[i].statistics[static_cast<std::size_t>(field)] = stored[i];
    }
    return records;
}

std::vector<FieldStatistics> FileReader::statistics(core::Field field) const {
    constexpr std::array members{&FieldStatistics::min, &FieldStatistics::max,
                                 &FieldStatistics::mean};
    std::vector<FieldStatistics> all(static_cast<std::size_t>(frames().value_or(0)));
    for (std::size_t s = 0; s < members.size(); ++s) {
        const std::string name =
            std::string(schema::stats) + "/" + schema::statistic_name(field, schema::statistics[s]);
        if (!hdf5::exists(file_.get(), name.c_str())) return {};
        const auto values =
            read_column<double>(file_, name, H5T_NATIVE_DOUBLE, static_cast<Index>(all.size()));
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i].*members[s] = values[i];
    }
    return all;
}

std::vector<Launch> FileReader::launches() const {
    std::vector<Launch> launches;
    if (!hdf5::exists(file_.get(), schema::provenance)) return launches;
    const auto all = hdf5::open_group(file_.get(), schema::provenance);
    for (Index n = 0; hdf5::exists(all.get(), schema::launch_name(n).c_str()); ++n) {
        const auto group = hdf5::open_group(all.get(), schema::launch_name(n).c_str());
        Launch launch{schema::launch_name(n), {}};
        for (const std::string& name : hdf5::attribute_names(group.get()))
            launch.entries.emplace_back(name, value_text(group.get(), name));
        launches.push_back(std::move(launch));
    }
    return launches;
}

namespace {

/// Start and count of one frame, whole: shape without the first axis.
struct FrameSelection {
    std::vector<hsize_t> start;
    std::vector<hsize_t> count;
};

FrameSelection select_frame(const FileReader& reader, const std::string& name,
                            const std::vector<hsize_t>& shape, Index frame) {
    if (shape.size() < 2)
        fail("not a series of frames", reader.path(), name,
             fmt::format("it has {} axes", shape.size()));
    if (frame < 0 || static_cast<hsize_t>(frame) >= shape.front())
        fail(fmt::format("no frame {}", frame), reader.path(), name,
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
        fail("frame of another size", reader.path(), name,
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
        fail("box does not fit the dataset", path_, dataset,
             fmt::format("it has {} axes", axes + 1));
    for (std::size_t i = 0; i < axes; ++i) {
        const std::size_t a = 3 - axes + i;
        if (box.lo[a] < 0 || static_cast<hsize_t>(box.hi[a]) > selection.count[1 + i])
            fail("box outside the frame", path_, dataset,
                 fmt::format("axis {} has {} cells", i + 1, selection.count[1 + i]));
        selection.start[1 + i] = static_cast<hsize_t>(box.lo[a]);
        selection.count[1 + i] = static_cast<hsize_t>(shape[a]);
    }
    read_selection(data, selection.start, selection.count, H5T_NATIVE_DOUBLE, out.data());
}

} // namespace morphogen::store
