#include "store/checkpoint_piece.hpp"

#include "morphogen/codec/crc32.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/descriptor.hpp"
#include "morphogen/core/whole_io.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/new_file.hpp"
#include "morphogen/store/schema.hpp"

#include "store/skeleton.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace morphogen::store::checkpoint {
namespace {

namespace fs = std::filesystem;
using core::Box;
using core::Index;

const char* dataset_name(core::Field field) {
    return core::name_of(field).data(); // of a literal
}

std::size_t bytes_of_row(const Box& block, core::Precision precision) {
    return static_cast<std::size_t>(block.shape()[2]) * core::bytes_of(precision);
}

Index rows_of(const Box& block) {
    return block.shape()[0] * block.shape()[1];
}

/// About 1 MiB, so that little is read in vain where ranks split the grid otherwise; at most 4096
/// sums, which fit an attribute.
Index rows_per_sum(const Box& block, std::size_t row_bytes) {
    constexpr std::size_t slab = std::size_t{1} << 20;
    constexpr Index most = 4096;
    const auto by_size = static_cast<Index>(slab / std::max<std::size_t>(row_bytes, 1));
    return std::max({by_size, (rows_of(block) + most - 1) / most, Index{1}});
}

std::vector<std::int64_t> checksums(std::span<const std::byte> bytes, std::size_t slab) {
    std::vector<std::int64_t> sums;
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(slab, bytes.size())))
        sums.push_back(codec::crc32(bytes.first(std::min(slab, bytes.size()))));
    return sums;
}

void write_field(const hdf5::File& file, const CheckpointHeader& header, const Box& block,
                 core::Field field, std::span<const std::byte> values) {
    const hid_t type = file_type(header.precision); // little-endian, as are the machines it runs on
    auto data = hdf5::create_dataset(file.get(), dataset_name(field), type,
                                     hdf5::simple_space(cells_of(header.dims, block.shape())),
                                     hdf5::dataset_creation());
    const std::size_t row = bytes_of_row(block, header.precision);
    const Index rows = rows_per_sum(block, row);
    hdf5::write_attribute(data.get(), name::crc32_rows, rows);
    hdf5::write_attribute(data.get(), name::crc32,
                          checksums(values, static_cast<std::size_t>(rows) * row));
    hdf5::write(data, type, values.data()); // contiguous, no conversion: one write, no copy
    data.close();                           // small ones are written only now, and may fail
}

/// What places a piece, and in which checkpoint it belongs: name and value.
std::vector<std::pair<const char*, std::vector<std::int64_t>>>
facts_of(const CheckpointHeader& header, int rank, const Box& block) {
    const auto last = [&](const core::Extents& n) {
        return std::vector<std::int64_t>(n.end() - header.dims, n.end());
    };
    return {{name::version, {format_version}},
            {name::step, {header.step}},
            {name::ranks, {header.ranks}},
            {name::rank, {rank}},
            {schema::grid_shape, last(header.global)},
            {schema::block_offset, last(block.lo)}};
}

void read_all(int fd, std::uint64_t offset, std::span<std::byte> out, const std::string& where) {
    const auto n = core::read_whole(fd, out, offset);
    if (n < 0) fail("cannot read checkpoint", where, core::errno_text(errno));
    if (n < static_cast<std::int64_t>(out.size()))
        fail("checkpoint is damaged", where, "the file ends before its data");
}

} // namespace

void write_piece(const fs::path& path, const CheckpointHeader& header, int rank, const Box& block,
                 const std::array<std::span<const std::byte>, 2>& values,
                 core::Durability durability) {
    MORPHOGEN_EXPECT(values[0].size() == static_cast<std::size_t>(rows_of(block)) *
                                             bytes_of_row(block, header.precision));
    MORPHOGEN_EXPECT(values[1].size() == values[0].size());
    NewFile file(path, true);
    for (const auto& [fact, value] : facts_of(header, rank, block))
        hdf5::write_attribute(file.file().get(), fact, std::span<const std::int64_t>(value));
    for (const core::Field field : fields)
        write_field(file.file(), header, block, field, values[static_cast<std::size_t>(field)]);
    file.close();
    if (durability == core::Durability::synced) hdf5::sync_file(path);
}

Piece::Piece(fs::path path, const CheckpointHeader& header, int rank, const Box& block)
    : path_(std::move(path)), dims_(header.dims), block_(block),
      row_bytes_(bytes_of_row(block, header.precision)) {
    const hdf5::File file = hdf5::open_file(path_, hdf5::Mode::read);
    for (const auto& [fact, expected] : facts_of(header, rank, block)) {
        const auto found = hdf5::read_integers(file.get(), fact);
        if (found != expected)
            fail("piece does not belong to its checkpoint", path_.native() + ", " + fact,
                 fmt::format("it is {}, the checkpoint's {}", fmt::join(found, ", "),
                             fmt::join(expected, ", ")));
    }
    for (const core::Field field : fields)
        stored_[static_cast<std::size_t>(field)] = find(file, field, header.precision);
}

Piece::Stored Piece::find(const hdf5::File& file, core::Field field,
                          core::Precision precision) const {
    const std::string where = fmt::format("{}, /{}", path_.native(), core::name_of(field));
    const auto data = hdf5::open_dataset(file.get(), dataset_name(field));
    const hdf5::Type type = hdf5::type_of(data);
    const hdf5::Properties creation = hdf5::creation_of(data);
    if (H5Tequal(type.get(), file_type(precision)) <= 0 ||
        hdf5::shape_of(data) != cells_of(dims_, block_.shape()) ||
        H5Pget_layout(creation.get()) != H5D_CONTIGUOUS)
        fail("checkpoint is damaged", where, "type, shape or layout is not that of a piece");
    Stored stored;
    stored.rows_per_sum = hdf5::read_integer(data.get(), name::crc32_rows);
    stored.sums = hdf5::read_integers(data.get(), name::crc32);
    if (stored.rows_per_sum < 1 || static_cast<Index>(stored.sums.size()) != slabs(stored))
        fail("checkpoint is damaged", where, "it has not as many checksums as it needs");
    const haddr_t offset = H5Dget_offset(data.get());
    if (offset == HADDR_UNDEF) fail("checkpoint is damaged", where, "no data were written");
    stored.offset = offset;
    return stored;
}

Index Piece::slabs(const Stored& stored) const {
    const Index rows = rows_of(block_);
    return rows / stored.rows_per_sum + (rows % stored.rows_per_sum != 0 ? 1 : 0);
}

std::span<const std::byte> Piece::read_slab(int fd, core::Field field, Index slab,
                                            std::vector<std::byte>& buffer) const {
    const Stored& stored = stored_[static_cast<std::size_t>(field)];
    const Index first = slab * stored.rows_per_sum;
    const Index rows = std::min(stored.rows_per_sum, rows_of(block_) - first);
    const std::uint64_t offset = stored.offset + static_cast<std::uint64_t>(first) * row_bytes_;
    buffer.resize(static_cast<std::size_t>(rows) * row_bytes_);
    const std::string where = fmt::format("{}, /{}, offset {}, {} bytes", path_.native(),
                                          core::name_of(field), offset, buffer.size());
    read_all(fd, offset, buffer, where);
    const auto sum = codec::crc32(buffer);
    const std::int64_t expected = stored.sums[static_cast<std::size_t>(slab)];
    if (sum != expected)
        fail("checkpoint is damaged", where,
             fmt::format("the checksum (CRC-32) is {:08x}, not {:08x}", sum, expected));
    return buffer;
}

void Piece::read(core::Field field, const Box& box, std::span<std::byte> out) const {
    const Stored& stored = stored_[static_cast<std::size_t>(field)];
    const Box shared = intersect(block_, box);
    if (shared.empty()) return;
    const core::Extents shape = block_.shape();
    const core::Extents target = box.shape();
    const std::size_t element = row_bytes_ / static_cast<std::size_t>(shape[2]);
    const auto bytes = [&](Index cells) { return static_cast<std::size_t>(cells) * element; };
    // The cell a row of the block begins at.
    const auto begin_of = [&](Index row) {
        return core::Extents{block_.lo[0] + row / shape[1], block_.lo[1] + row % shape[1],
                             shared.lo[2]};
    };
    const core::Descriptor file = core::open_descriptor(path_, O_RDONLY);
    std::vector<std::byte> buffer;
    for (Index slab = 0; slab < slabs(stored); ++slab) {
        const Index first = slab * stored.rows_per_sum;
        std::span<const std::byte> rows;
        for (Index row = first; row < std::min(first + stored.rows_per_sum, rows_of(block_));
             ++row) {
            const core::Extents cell = begin_of(row);
            if (!shared.contains(cell)) continue;
            if (rows.empty()) rows = read_slab(file.get(), field, slab, buffer);
            const Index to = ((cell[0] - box.lo[0]) * target[1] + cell[1] - box.lo[1]) * target[2] +
                             cell[2] - box.lo[2];
            std::memcpy(out.data() + bytes(to),
                        rows.data() + bytes((row - first) * shape[2] + cell[2] - block_.lo[2]),
                        bytes(shared.shape()[2]));
        }
    }
}

void Piece::check(std::vector<std::string>& problems) const {
    const core::Descriptor file = core::open_descriptor(path_, O_RDONLY);
    std::vector<std::byte> buffer;
    for (const core::Field field : fields)
        for (Index slab = 0; slab < slabs(stored_[static_cast<std::size_t>(field)]); ++slab)
            try {
                read_slab(file.get(), field, slab, buffer);
            } catch (const core::Error& error) {
                problems.emplace_back(error.what());
            }
}

} // namespace morphogen::store::checkpoint
