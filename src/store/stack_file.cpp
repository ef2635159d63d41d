#include "morphogen/store/stack_file.hpp"

#include "morphogen/core/build_info.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/new_file.hpp"
#include "morphogen/store/schema.hpp"

#include "store/stored_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>

namespace morphogen::store {
namespace {

using core::Index;
using Shape = std::vector<hsize_t>;

constexpr const char* data_name = "data";
constexpr const char* source_name = "source";
constexpr std::size_t source_chunk_bytes = std::size_t{1} << 18;

Shape unsigned_shape(std::span<const Index> shape) {
    return {shape.begin(), shape.end()};
}

hdf5::Type text_type(std::size_t bytes) {
    hdf5::Type type(hdf5::call("H5Tcopy", {}, [] { return H5Tcopy(H5T_C_S1); }));
    hdf5::call("H5Tset_size", {}, [&] { return H5Tset_size(type.get(), bytes); });
    hdf5::call("H5Tset_strpad", {}, [&] { return H5Tset_strpad(type.get(), H5T_STR_NULLPAD); });
    hdf5::call("H5Tset_cset", {}, [&] { return H5Tset_cset(type.get(), H5T_CSET_UTF8); });
    return type;
}

/// Names that are written per call, and lie in one chunk.
Index names_per_chunk(std::size_t name_bytes, Index items) {
    return std::clamp<Index>(static_cast<Index>(source_chunk_bytes / name_bytes), 1,
                             std::max<Index>(items, 1));
}

/// 0, 1, 2, ...: the coordinates of the axes along which files are stacked.
hdf5::Dataset create_counter(const hdf5::File& file, const std::string& name, Index count) {
    const Shape shape{static_cast<hsize_t>(count)};
    auto axis = hdf5::create_dataset(file.get(), name.c_str(), H5T_STD_I64LE,
                                     hdf5::simple_space(shape), hdf5::dataset_creation());
    std::vector<std::int64_t> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), 0);
    hdf5::write(axis, H5T_NATIVE_INT64, values.data());
    hdf5::make_scale(axis, name.c_str());
    return axis;
}

/// A netCDF-4 dimension without coordinates: a scale of this name that holds nothing.
hdf5::Dataset create_plain_axis(const hdf5::File& file, const std::string& name, Index count) {
    const Shape shape{static_cast<hsize_t>(count)};
    const hdf5::Properties creation = hdf5::dataset_creation();
    hdf5::set_chunk(creation, shape); // of which none is ever stored
    auto axis = hdf5::create_dataset(file.get(), name.c_str(), H5T_IEEE_F32BE,
                                     hdf5::simple_space(shape), creation);
    hdf5::make_scale(
        axis,
        fmt::format("This is a netCDF dimension but not a netCDF variable.{:10}", count).c_str());
    return axis;
}

std::vector<hdf5::Dataset> create_axes(const hdf5::File& file, const StackLayout& layout) {
    std::vector<hdf5::Dataset> axes;
    for (std::size_t a = 0; a < layout.axes.size(); ++a) {
        const bool counted = layout.axes[a] == "group" || layout.axes[a] == "item";
        axes.push_back(counted ? create_counter(file, layout.axes[a], layout.shape[a])
                               : create_plain_axis(file, layout.axes[a], layout.shape[a]));
    }
    return axes;
}

void create_data(const hdf5::File& file, const StackLayout& layout,
                 const std::vector<hdf5::Dataset>& axes) {
    const hdf5::Properties creation = hdf5::dataset_creation();
    hdf5::set_chunk(creation, unsigned_shape(layout.chunk));
    hdf5::set_filters(creation, codec::hdf5_filters(layout.filters));
    hdf5::set_fill(creation,
                   is_floating(layout.type) ? std::numeric_limits<double>::quiet_NaN() : 0.0);
    const auto data =
        hdf5::create_dataset(file.get(), data_name, little_endian_type(layout.type),
                             hdf5::simple_space(unsigned_shape(layout.shape)), creation);
    for (std::size_t a = 0; a < axes.size(); ++a)
        hdf5::attach_scale(data, axes[a], a);
    if (!layout.long_name.empty())
        hdf5::write_attribute(data.get(), schema::long_name, layout.long_name);
    if (!layout.units.empty()) hdf5::write_attribute(data.get(), schema::units, layout.units);
}

void create_sources(const hdf5::File& file, const StackLayout& layout,
                    const std::vector<hdf5::Dataset>& axes) {
    const Shape shape = unsigned_shape(layout.source_shape);
    Shape chunk(shape.size(), 1);
    chunk.back() =
        static_cast<hsize_t>(names_per_chunk(layout.name_bytes, layout.source_shape.back()));
    const hdf5::Properties creation = hdf5::dataset_creation();
    hdf5::set_chunk(creation, chunk);
    hdf5::call("H5Pset_deflate", {}, [&] { return H5Pset_deflate(creation.get(), 1); });
    const hdf5::Type type = text_type(layout.name_bytes);
    const auto sources = hdf5::create_dataset(file.get(), source_name, type.get(),
                                              hdf5::simple_space(shape), creation);
    for (std::size_t a = 0; a < shape.size(); ++a) {
        if (a < layout.axes.size() && layout.shape[a] == layout.source_shape[a])
            hdf5::attach_scale(sources, axes[a], a);
        else // files of a group that became one
            hdf5::attach_scale(sources, create_plain_axis(file, "file", layout.source_shape[a]), a);
    }
    hdf5::write_attribute(sources.get(), schema::long_name, "files that the values come from");
}

void create_group_names(const hdf5::File& file, const StackLayout& layout,
                        const std::vector<hdf5::Dataset>& axes) {
    if (layout.group_names.empty()) return;
    std::size_t longest = 1;
    for (const std::string& name : layout.group_names)
        longest = std::max(longest, name.size());
    std::string text(longest * layout.group_names.size(), '\0');
    for (std::size_t g = 0; g < layout.group_names.size(); ++g)
        std::copy(layout.group_names[g].begin(), layout.group_names[g].end(),
                  text.begin() + static_cast<std::ptrdiff_t>(g * longest));
    const hdf5::Type type = text_type(longest);
    const Shape shape{layout.group_names.size()};
    const auto names = hdf5::create_dataset(file.get(), "group_name", type.get(),
                                            hdf5::simple_space(shape), hdf5::dataset_creation());
    hdf5::write(names, type.get(), text.data());
    hdf5::attach_scale(names, axes.front(), 0);
}

void create_all(const hdf5::File& file, const StackLayout& layout) {
    hdf5::write_attribute(file.get(), schema::conventions, schema::cf_version);
    hdf5::write_attribute(
        file.get(), "source",
        fmt::format("morphogen {} ({})", core::build_info().version, core::build_info().revision));
    const auto axes = create_axes(file, layout);
    create_data(file, layout, axes);
    create_sources(file, layout, axes);
    create_group_names(file, layout, axes);
}

} // namespace

struct StackFile::Open {
    Open(const std::filesystem::path& path, bool replace) : file(path, replace) {}
    NewFile file; // outlives the datasets
    hdf5::Dataset data;
    hdf5::Dataset sources;
};

StackFile::StackFile(const std::filesystem::path& path, bool replace, const StackLayout& layout)
    : name_bytes_(layout.name_bytes), open_(std::make_unique<Open>(path, replace)) {
    create_all(open_->file.file(), layout);
    const hid_t file = open_->file.file().get();
    open_->data = hdf5::open_dataset(file, data_name, hdf5::uncached_dataset());
    open_->sources = hdf5::open_dataset(file, source_name);
}

StackFile::~StackFile() = default;

void StackFile::put_chunk(std::span<const Index> origin, std::span<const std::byte> stored) {
    std::array<hsize_t, 10> offset{};
    std::copy(origin.begin(), origin.end(), offset.begin());
    hdf5::write_chunk(open_->data, std::span<const hsize_t>(offset).first(origin.size()), stored);
    bytes_stored_ += stored.size();
}

void StackFile::put_sources(Index group, Index first, Index count,
                            const std::function<std::string_view(Index)>& name) {
    const hdf5::Type type = text_type(name_bytes_);
    const hdf5::Space space = hdf5::space_of(open_->sources);
    const Index step = names_per_chunk(name_bytes_, first + count);
    std::string text;
    for (Index begin = first; begin < first + count; begin += step) {
        const Index n = std::min(step, first + count - begin);
        text.assign(static_cast<std::size_t>(n) * name_bytes_, '\0');
        for (Index i = 0; i < n; ++i) {
            const std::string_view one = name(begin + i);
            std::copy_n(one.data(), std::min(one.size(), name_bytes_),
                        text.data() + static_cast<std::size_t>(i) * name_bytes_);
        }
        Shape start{static_cast<hsize_t>(group), static_cast<hsize_t>(begin)};
        Shape shape{1, static_cast<hsize_t>(n)};
        if (hdf5::shape_of(space).size() == 1) {
            start.erase(start.begin());
            shape.erase(shape.begin());
        }
        hdf5::select_box(space, start, shape);
        hdf5::write(open_->sources, type.get(), hdf5::simple_space(shape), space, text.data());
    }
}

void StackFile::close() {
    open_->sources.close();
    open_->data.close();
    open_->file.close();
    open_.reset();
}

} // namespace morphogen::store
