#include "store/skeleton.hpp"

#include "morphogen/core/build_info.hpp"
#include "morphogen/mpi/environment.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/library.hpp"
#include "morphogen/store/schema.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

namespace morphogen::store {
namespace {

using core::Index;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<hsize_t> unlimited_shape(int dims, const core::Extents& cells) {
    return frame_shape(dims, H5S_UNLIMITED, cells);
}

/// One figure per frame. No filters: under SWMR a filtered chunk moves each time it grows.
hdf5::Dataset create_column(hid_t parent, const char* name, hid_t type) {
    const std::array<hsize_t, 1> none{0};
    const std::array<hsize_t, 1> unlimited{H5S_UNLIMITED};
    const std::array<hsize_t, 1> chunk{static_cast<hsize_t>(schema::records_per_chunk)};
    const hdf5::Properties creation = hdf5::dataset_creation();
    hdf5::set_chunk(creation, chunk);
    hdf5::set_fill(creation, H5Tget_class(type) == H5T_FLOAT ? nan : -1.0);
    return hdf5::create_dataset(parent, name, type, hdf5::simple_space(none, unlimited), creation);
}

void create_statistics(const hdf5::File& file, const FrameLayout& layout,
                       const hdf5::Dataset& time) {
    const hdf5::Group group = hdf5::create_group(file.get(), schema::stats);
    for (const core::Field field : layout.fields)
        for (const auto statistic : schema::statistics) {
            const std::string name = schema::statistic_name(field, statistic);
            const auto column = create_column(group.get(), name.c_str(), H5T_IEEE_F64LE);
            hdf5::attach_scale(column, time, 0);
            describe(column, fmt::format("{} of {} over the whole grid", schema::name_of(statistic),
                                         core::name_of(field)));
        }
}

hdf5::Properties chunked(const FrameLayout& layout) {
    hdf5::Properties creation = hdf5::dataset_creation();
    hdf5::set_chunk(creation, frame_shape(layout.dims, 1, layout.chunk));
    hdf5::set_filters(creation, codec::hdf5_filters(layout.filters));
    return creation;
}

/// @p end: of the frames that the part gives, or -1 for all that it will ever have.
void map_part(const hdf5::Properties& creation, const FrameLayout& layout, const Segment& segment,
              Index end, const PartSource& source, const char* field) {
    const core::Extents part = source.block.shape();
    const Index frames = end < 0 ? 0 : end - segment.first_frame;
    const auto whole = hdf5::simple_space(
        frame_shape(layout.dims, static_cast<hsize_t>(segment.first_frame + frames), layout.global),
        unlimited_shape(layout.dims, layout.global));
    const auto piece =
        hdf5::simple_space(frame_shape(layout.dims, static_cast<hsize_t>(frames), part),
                           unlimited_shape(layout.dims, part));
    const auto select = end < 0 ? hdf5::select_box_unlimited : hdf5::select_box;
    const auto count = frame_shape(layout.dims, end < 0 ? 1 : static_cast<hsize_t>(frames), part);
    select(whole,
           frame_shape(layout.dims, static_cast<hsize_t>(segment.first_frame), source.block.lo),
           count);
    select(piece, frame_shape(layout.dims, 0, {0, 0, 0}), count);
    hdf5::map_virtual(creation, whole, source.file, field, piece);
}

void map_segments(const hdf5::Properties& creation, const FrameLayout& layout,
                  const std::vector<Segment>& segments, const char* field) {
    for (std::size_t s = 0; s < segments.size(); ++s) {
        const Index end = s + 1 < segments.size() ? segments[s + 1].first_frame : -1;
        if (end == segments[s].first_frame) continue; // nothing of it is counted
        for (const PartSource& source : segments[s].parts)
            map_part(creation, layout, segments[s], end, source, field);
    }
}

/// @p segments: nothing for frames that lie in the file itself.
void create_frames(const hdf5::File& file, const FrameLayout& layout, const core::Box& box,
                   const std::vector<Segment>& segments, core::Field field,
                   const std::vector<const hdf5::Dataset*>& scales) {
    const std::string name(core::name_of(field));
    hdf5::Properties creation = segments.empty() ? chunked(layout) : hdf5::dataset_creation();
    map_segments(creation, layout, segments, name.c_str());
    hdf5::set_fill(creation, nan);
    const Index fixed = segments.empty() ? 0 : segments.back().first_frame;
    const auto space =
        hdf5::simple_space(frame_shape(layout.dims, static_cast<hsize_t>(fixed), box.shape()),
                           unlimited_shape(layout.dims, box.shape()));
    const auto frames = hdf5::create_dataset(file.get(), name.c_str(), file_type(layout.precision),
                                             space, creation);
    for (std::size_t axis = 0; axis < scales.size(); ++axis)
        hdf5::attach_scale(frames, *scales[axis], axis);
    describe(frames, fmt::format("concentration of {}", field == core::Field::u ? "U" : "V"));
    hdf5::write_attribute(frames.get(), schema::coordinates, schema::step);
}

void create_root_attributes(const hdf5::File& file, const FrameLayout& layout,
                            const core::Box& box) {
    const auto root = file.get();
    hdf5::write_attribute(root, schema::conventions, schema::cf_version);
    hdf5::write_attribute(root, "title", "Gray-Scott reaction-diffusion");
    hdf5::write_attribute(
        root, "source",
        fmt::format("morphogen {} ({})", core::build_info().version, core::build_info().revision));
    if (box.shape() == layout.global) return;
    const auto dims = static_cast<std::size_t>(layout.dims);
    hdf5::write_attribute(root, schema::grid_shape,
                          std::span<const std::int64_t>(layout.global).last(dims));
    hdf5::write_attribute(root, schema::block_offset,
                          std::span<const std::int64_t>(box.lo).last(dims));
}

void create_skeleton(const hdf5::File& file, const FrameLayout& layout, const core::Box& box,
                     const std::vector<Segment>& segments) {
    create_root_attributes(file, layout, box);
    const auto time = create_column(file.get(), schema::time, H5T_IEEE_F64LE);
    hdf5::make_scale(time, schema::time);
    describe(time, "model time");
    hdf5::write_attribute(time.get(), schema::axis, schema::time_axis);
    std::vector<hdf5::Dataset> axes;
    for (std::size_t a = 3 - static_cast<std::size_t>(layout.dims); a < 3; ++a)
        axes.push_back(create_axis(file, schema::axes[a], box.lo[a], box.hi[a], layout.spacing));
    std::vector<const hdf5::Dataset*> scales{&time};
    for (const auto& axis : axes)
        scales.push_back(&axis);
    for (const core::Field field : layout.fields)
        create_frames(file, layout, box, segments, field, scales);
    // After the frames: what VTK meets first it shows, and it cannot read 64-bit integers.
    const auto step = create_column(file.get(), schema::step, H5T_STD_I64LE);
    hdf5::attach_scale(step, time, 0);
    describe(step, "simulation step");
    create_statistics(file, layout, time);
}

} // namespace

std::vector<hsize_t> frame_shape(int dims, hsize_t frames, const core::Extents& cells) {
    std::vector<hsize_t> shape{frames};
    for (std::size_t a = 3 - static_cast<std::size_t>(dims); a < 3; ++a)
        shape.push_back(static_cast<hsize_t>(cells[a]));
    return shape;
}

void describe(const hdf5::Dataset& dataset, std::string_view long_name) {
    hdf5::write_attribute(dataset.get(), schema::long_name, long_name);
    hdf5::write_attribute(dataset.get(), schema::units, schema::dimensionless);
}

hdf5::Dataset create_axis(const hdf5::File& file, const char* name, Index lo, Index hi,
                          double spacing) {
    std::vector<double> centres;
    for (Index i = lo; i < hi; ++i)
        centres.push_back((static_cast<double>(i) + 0.5) * spacing);
    const std::array<hsize_t, 1> shape{centres.size()};
    auto axis = hdf5::create_dataset(file.get(), name, H5T_IEEE_F64LE, hdf5::simple_space(shape),
                                     hdf5::dataset_creation());
    hdf5::write(axis, H5T_NATIVE_DOUBLE, centres.data());
    hdf5::make_scale(axis, name);
    describe(axis, fmt::format("cell centres along {}", name));
    return axis;
}

hid_t file_type(core::Precision precision) {
    return precision == core::Precision::f32 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
}

void create_part_skeleton(const hdf5::File& file, const FrameLayout& layout, const core::Box& box,
                          const PartPlace& place) {
    create_skeleton(file, layout, box, {});
    hdf5::write_attribute(file.get(), schema::first_frame, place.first_frame);
    hdf5::write_attribute(file.get(), schema::segment_parts, place.parts);
    hdf5::write_attribute(file.get(), schema::part_rank, place.rank);
    hdf5::write_attribute(file.get(), schema::part_layout,
                          place.layout == config::Layout::shared ? schema::shared_layout
                                                                 : schema::parts_layout);
}

void create_master_skeleton(const hdf5::File& file, const FrameLayout& layout,
                            const std::vector<Segment>& segments) {
    create_skeleton(file, layout, {{0, 0, 0}, layout.global}, segments);
}

void add_launch(const hdf5::File& file, const Provenance& provenance) {
    const auto all = hdf5::exists(file.get(), schema::provenance)
                         ? hdf5::open_group(file.get(), schema::provenance)
                         : hdf5::create_group(file.get(), schema::provenance);
    Index launch = 0;
    while (hdf5::exists(all.get(), schema::launch_name(launch).c_str()))
        ++launch;
    const auto group = hdf5::create_group(all.get(), schema::launch_name(launch).c_str());
    const auto text = [&](const char* name, std::string_view value) {
        hdf5::write_attribute(group.get(), name, value);
    };
    const auto number = [&](const char* name, int value) {
        hdf5::write_attribute(group.get(), name, std::int64_t{value});
    };
    text("time", provenance.time);
    text("version", core::build_info().version);
    text("revision", core::build_info().revision);
    text("compiler", core::build_info().compiler);
    text("hdf5", hdf5_version());
    text("mpi", mpi::library_version());
    text("host", provenance.host);
    number("ranks", provenance.ranks);
    number("compute_threads", provenance.compute_threads);
    number("io_threads", provenance.io_threads);
    text("isa", provenance.isa);
    text("config", provenance.config_toml);
}

} // namespace morphogen::store
