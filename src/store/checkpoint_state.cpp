#include "store/checkpoint_state.hpp"

#include "morphogen/core/build_info.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/schema.hpp"

#include "store/skeleton.hpp"
#include "store/virtual_pieces.hpp"

#include <fmt/format.h>

#include <limits>

namespace morphogen::store::checkpoint {
namespace {

using core::Box;
using core::Dims;
using core::Index;

void write_header(const hdf5::File& file, const CheckpointHeader& header) {
    const hid_t root = file.get();
    hdf5::write_attribute(root, schema::conventions, schema::cf_version);
    hdf5::write_attribute(root, "title", "Gray-Scott reaction-diffusion: checkpoint");
    hdf5::write_attribute(
        root, "source",
        fmt::format("morphogen {} ({})", core::build_info().version, core::build_info().revision));
    hdf5::write_attribute(root, name::version, format_version);
    hdf5::write_attribute(root, name::step, header.step);
    hdf5::write_attribute(root, name::frames, header.frames);
    hdf5::write_attribute(root, name::ranks, std::int64_t{header.ranks});
    hdf5::write_attribute(
        root, schema::grid_shape,
        std::span<const std::int64_t>(header.global).last(static_cast<std::size_t>(header.dims)));
    hdf5::write_attribute(root, name::spacing, header.spacing);
    hdf5::write_attribute(root, name::isa, header.isa);
    hdf5::write_attribute(root, name::fma, std::int64_t{header.fma ? 1 : 0});
    hdf5::write_attribute(root, name::config, header.config_toml);
}

void create_field(const hdf5::File& file, const CheckpointHeader& header,
                  std::span<const Box> blocks, core::Field field,
                  const std::vector<hdf5::Dataset>& axes) {
    const std::string path(core::name_of(field));
    const hdf5::Properties creation = hdf5::dataset_creation();
    hdf5::set_fill(creation, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t r = 0; r < blocks.size(); ++r) {
        const auto shape = cells_of(header.dims, blocks[r].shape());
        const hdf5::Space whole = hdf5::simple_space(cells_of(header.dims, header.global));
        hdf5::select_box(whole, cells_of(header.dims, blocks[r].lo), shape);
        hdf5::map_virtual(creation, whole, piece_name(static_cast<int>(r)), path.c_str(),
                          hdf5::simple_space(shape));
    }
    const auto data =
        hdf5::create_dataset(file.get(), path.c_str(), file_type(header.precision),
                             hdf5::simple_space(cells_of(header.dims, header.global)), creation);
    for (std::size_t axis = 0; axis < axes.size(); ++axis)
        hdf5::attach_scale(data, axes[axis], axis);
    describe(data, fmt::format("concentration of {}", field == core::Field::u ? "U" : "V"));
}

Index positive_integer(const hdf5::File& file, const CheckpointEntry& entry, const char* attribute,
                       Index least) {
    const Index value = hdf5::read_integer(file.get(), attribute);
    if (value < least)
        fail("checkpoint is damaged", fmt::format("{}, {}", entry.state().native(), attribute),
             fmt::format("it is {}", value));
    return value;
}

core::Extents read_shape(const hdf5::File& file, const CheckpointEntry& entry) {
    const auto shape = hdf5::read_integers(file.get(), schema::grid_shape);
    core::Extents global{1, 1, 1};
    Index cells = 1;
    bool good = shape.size() == 2 || shape.size() == 3;
    for (std::size_t a = 0; good && a < shape.size(); ++a) {
        global[3 - shape.size() + a] = shape[a];
        // Bytes of two fields in double precision must have a 64-bit count.
        good = shape[a] > 0 && !__builtin_mul_overflow(cells, shape[a], &cells) &&
               cells < std::numeric_limits<Index>::max() / 32;
    }
    if (!good)
        fail("checkpoint is damaged",
             fmt::format("{}, {}", entry.state().native(), schema::grid_shape),
             "it is not the shape of a grid");
    return global;
}

core::Precision read_precision(const CheckpointEntry& entry, const hdf5::Dataset& data) {
    const hdf5::Type type = hdf5::type_of(data);
    for (const auto precision : {core::Precision::f32, core::Precision::f64})
        if (H5Tequal(type.get(), file_type(precision)) > 0) return precision;
    fail("checkpoint is damaged", entry.state().native() + ", /u", "its type is not f32 or f64");
}

/// The blocks as one field's mappings name them: piece r is rank r's.
std::vector<Box> read_blocks(const CheckpointEntry& entry, const CheckpointHeader& header,
                             const hdf5::Dataset& data, core::Field field) {
    const std::string where = fmt::format("{}, /{}", entry.state().native(), core::name_of(field));
    const hdf5::Properties creation = hdf5::creation_of(data);
    const auto shape = cells_of(header.dims, header.global);
    const hdf5::Type type = hdf5::type_of(data);
    if (H5Pget_layout(creation.get()) != H5D_VIRTUAL || hdf5::shape_of(data) != shape ||
        H5Tequal(type.get(), file_type(header.precision)) <= 0)
        fail("checkpoint is damaged", where, "type, shape or layout is not that of a state");
    const auto pieces = box_pieces(creation, Dims::from(shape));
    if (!pieces || static_cast<Index>(pieces->size()) != header.ranks)
        fail("checkpoint is damaged", where, "its pieces do not make up the grid");
    std::vector<Box> blocks;
    for (const VirtualPiece& piece : *pieces) {
        if (piece.file != piece_name(static_cast<int>(blocks.size())) ||
            piece.dataset != core::name_of(field) || !piece.whole)
            fail("checkpoint is damaged", where, fmt::format("a piece is called {}", piece.file));
        Box block{{0, 0, 0}, {1, 1, 1}};
        for (int a = 0; a < header.dims; ++a) {
            const int axis_of_three = 3 - header.dims + a;
            const auto axis = static_cast<std::size_t>(axis_of_three);
            block.lo[axis] = piece.place.lo[a];
            block.hi[axis] = piece.place.hi[a];
        }
        blocks.push_back(block);
    }
    return blocks;
}

} // namespace

std::string state_image(const CheckpointHeader& header, std::span<const Box> blocks) {
    return hdf5::file_image([&](const hdf5::File& file) {
        write_header(file, header);
        std::vector<hdf5::Dataset> axes;
        for (std::size_t a = 3 - static_cast<std::size_t>(header.dims); a < 3; ++a)
            axes.push_back(create_axis(file, schema::axes[a], 0, header.global[a], header.spacing));
        for (const core::Field field : fields)
            create_field(file, header, blocks, field, axes);
    });
}

State read_state(const CheckpointEntry& entry) {
    const hdf5::File file = hdf5::open_file(entry.state(), hdf5::Mode::read);
    const Index found = hdf5::read_integer(file.get(), name::version);
    if (found != format_version)
        fail("checkpoint of another format", entry.state().native(),
             fmt::format("its version is {}, this program reads {}", found, format_version),
             "use the program that wrote it");
    State state;
    CheckpointHeader& header = state.header;
    header.step = positive_integer(file, entry, name::step, 0);
    if (header.step != entry.step)
        fail(
            "checkpoint is damaged", entry.state().native(),
            fmt::format("it is of step {}, its directory's name says {}", header.step, entry.step));
    header.frames = positive_integer(file, entry, name::frames, 0);
    const Index pieces = positive_integer(file, entry, name::ranks, 1);
    if (pieces > std::numeric_limits<int>::max())
        fail("checkpoint is damaged", entry.state().native(), "too many ranks");
    header.ranks = static_cast<int>(pieces);
    header.global = read_shape(file, entry);
    header.dims = static_cast<int>(hdf5::read_integers(file.get(), schema::grid_shape).size());
    header.spacing = hdf5::read_real(file.get(), name::spacing);
    header.isa = hdf5::read_string(file.get(), name::isa);
    header.fma = hdf5::read_integer(file.get(), name::fma) != 0;
    header.config_toml = hdf5::read_string(file.get(), name::config);
    const auto u = hdf5::open_dataset(file.get(), "u");
    const auto v = hdf5::open_dataset(file.get(), "v");
    header.precision = read_precision(entry, u);
    state.blocks = read_blocks(entry, header, u, core::Field::u);
    if (read_blocks(entry, header, v, core::Field::v) != state.blocks)
        fail("checkpoint is damaged", entry.state().native(), "u and v lie in different pieces");
    return state;
}

} // namespace morphogen::store::checkpoint
