#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_inventory.hpp"
#include "morphogen/store/schema.hpp"

#include "store/frames_look.hpp"
#include "store/hdf5/superblock.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace morphogen::store {
namespace {

using core::Index;

Index integer_or(const hdf5::File& file, const char* name, Index otherwise) {
    return hdf5::has_attribute(file.get(), name) ? hdf5::read_integer(file.get(), name) : otherwise;
}

/// A root attribute of one number per axis, slowest first.
core::Extents extents_of(const hdf5::File& file, const char* name, int dims) {
    core::Extents extents{0, 0, 0};
    const auto values = hdf5::read_integers(file.get(), name);
    if (static_cast<int>(values.size()) != dims)
        throw core::Error(core::ErrorText{.what = "an attribute of another length", .where = name});
    std::copy(values.begin(), values.end(), extents.end() - dims);
    return extents;
}

/// The centre of the first cell along one of schema::axes. @throws core::Error
double first_centre_of(const hdf5::File& file, const char* name) {
    const auto axis = hdf5::open_dataset(file.get(), name);
    const auto shape = hdf5::shape_of(axis);
    if (shape.size() != 1 || shape[0] == 0)
        throw core::Error(core::ErrorText{.what = "not an axis", .where = name});
    const hdf5::Space space = hdf5::space_of(axis);
    const std::array<hsize_t, 1> first{0};
    const std::array<hsize_t, 1> one{1};
    hdf5::select_box(space, first, one);
    double centre = 0.0;
    hdf5::read(axis, H5T_NATIVE_DOUBLE, hdf5::simple_space(one), space, &centre);
    return centre;
}

} // namespace

double spacing_of(const hdf5::File& file, const core::Box& block, int dims) {
    for (std::size_t a = 2;; --a)
        try {
            return first_centre_of(file, schema::axes[a]) /
                   (static_cast<double>(block.lo[a]) + 0.5);
        } catch (const core::Error&) {
            if (a == 3 - static_cast<std::size_t>(dims)) throw;
        }
}

bool operator==(const FrameFormat& a, const FrameFormat& b) noexcept {
    constexpr double rounding = 1e-12;
    return a.dims == b.dims && a.precision == b.precision && a.global == b.global &&
           a.fields == b.fields &&
           std::abs(a.spacing - b.spacing) <= rounding * std::abs(a.spacing);
}

FramesLook look_at_fields(const hdf5::File& file) {
    FramesLook look;
    for (const core::Field field : {core::Field::u, core::Field::v}) {
        const std::string name(core::name_of(field));
        if (!hdf5::exists(file.get(), name.c_str())) continue;
        const auto data = hdf5::open_dataset(file.get(), name.c_str());
        const auto shape = hdf5::shape_of(data);
        const hdf5::Type type = hdf5::type_of(data);
        if (shape.size() < 3 || shape.size() > 4 || H5Tget_class(type.get()) != H5T_FLOAT)
            throw core::Error(core::ErrorText{.what = "not frames of a run", .where = name});
        look.format.dims = static_cast<int>(shape.size()) - 1;
        look.format.precision =
            H5Tget_size(type.get()) == 4 ? core::Precision::f32 : core::Precision::f64;
        look.format.fields.push_back(field);
        look.cells = {1, 1, 1};
        for (std::size_t a = 1; a < shape.size(); ++a)
            look.cells[3 - shape.size() + a] = static_cast<Index>(shape[a]);
        look.frames_extent = std::max(look.frames_extent, static_cast<Index>(shape[0]));
        look.is_virtual |= H5Pget_layout(hdf5::creation_of(data).get()) == H5D_VIRTUAL;
    }
    if (look.format.fields.empty())
        throw core::Error(core::ErrorText{.what = "no frames in it", .where = "/u, /v"});
    look.format.global = look.cells;
    return look;
}

FramesLook look_at_frames(const hdf5::File& file) {
    FramesLook look = look_at_fields(file);
    look.format.spacing = spacing_of(file, {{0, 0, 0}, look.cells}, look.format.dims);
    for (const std::string& column : column_names(look.format.fields))
        try {
            if (!hdf5::exists(file.get(), column.c_str())) continue;
            const auto shape = hdf5::shape_of(hdf5::open_dataset(file.get(), column.c_str()));
            if (shape.size() == 1)
                look.records_extent = std::max(look.records_extent, static_cast<Index>(shape[0]));
        } catch (const core::Error& error) {
            if (look.damage.empty()) look.damage = error.what();
        }
    return look;
}

std::vector<std::string> column_names(const std::vector<core::Field>& fields) {
    std::vector<std::string> names{schema::time, schema::step};
    for (const core::Field field : fields)
        for (const auto statistic : schema::statistics)
            names.push_back(std::string(schema::stats) + "/" +
                            schema::statistic_name(field, statistic));
    return names;
}

Mark mark_of(const std::filesystem::path& path, bool& is_cut) {
    const auto mark = hdf5::read_mark(path);
    is_cut = mark && mark->size < mark->end;
    if (!mark || !mark->writing) return Mark::closed;
    return mark->swmr ? Mark::swmr : Mark::writing;
}

void describe_part(const FileReader& reader, PartState& part) {
    const hdf5::File& file = reader.file();
    const FramesLook look = look_at_frames(file);
    part.format = look.format;
    part.longest = std::max(look.frames_extent, look.records_extent);
    part.frames = reader.frames().value_or(0);
    part.first_frame = integer_or(file, schema::first_frame, 0);
    part.parts = integer_or(file, schema::segment_parts, part.rank + 1);
    if (hdf5::has_attribute(file.get(), schema::part_layout) &&
        hdf5::read_string(file.get(), schema::part_layout) == schema::shared_layout)
        part.layout = config::Layout::shared;
    if (hdf5::has_attribute(file.get(), schema::grid_shape)) {
        part.format.global = extents_of(file, schema::grid_shape, look.format.dims);
        if (look.format.dims == 2) part.format.global[0] = 1;
        part.block.lo = extents_of(file, schema::block_offset, look.format.dims);
    }
    for (std::size_t a = 0; a < 3; ++a)
        part.block.hi[a] = part.block.lo[a] + look.cells[a];
    part.format.spacing = spacing_of(file, part.block, look.format.dims);
    part.damage = look.damage;
}

PartState look_at_part(const std::filesystem::path& path, Index segment, Index rank) {
    PartState part{.path = path, .segment = segment, .rank = rank};
    try {
        part.mark = mark_of(path, part.is_cut);
        describe_part(FileReader(path, part.mark == Mark::swmr ? Access::swmr : Access::plain,
                                 Sources::not_looked_at),
                      part);
    } catch (const core::Error& error) {
        part.problem = error.what();
    }
    return part;
}

} // namespace morphogen::store
