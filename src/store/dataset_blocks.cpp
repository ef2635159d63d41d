#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/whole_io.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"

#include "store/hdf5/locating_driver.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <optional>

/// The half of DatasetReader that reads blocks.
namespace morphogen::store {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;
using hdf5::call;

template <typename Call>
void with_offset(const Dims& lo, Call&& run) {
    std::array<hsize_t, Dims::max_rank> offset{};
    std::copy(lo.begin(), lo.end(), offset.begin());
    run(offset.data());
}

/// 0 for a chunk that was never written. The quick look-up of 1.10 says so by failing; the one that
/// says it properly is quadratic, and asked only then.
hsize_t stored_chunk_bytes(const hdf5::Dataset& data, const hsize_t* offset) {
    hsize_t bytes = 0;
    try {
        call("H5Dget_chunk_storage_size", {.object = data.get()},
             [&] { return H5Dget_chunk_storage_size(data.get(), offset, &bytes); });
        return bytes;
    } catch (const core::Error& error) {
        if (std::string_view(error.what()).find("not allocated") != std::string_view::npos)
            return 0;
        haddr_t address = HADDR_UNDEF;
        unsigned mask = 0;
        const hdf5::QuietErrors quiet;
        if (H5Dget_chunk_info_by_coord(data.get(), offset, &mask, &address, &bytes) >= 0 &&
            address == HADDR_UNDEF)
            return 0;
        throw;
    }
}

/// Nothing for a chunk that was never written; the length alone if it is more than @p most.
StoredBlock locate_chunk(const hdf5::Dataset& data, const hsize_t* offset, std::uint64_t most) {
    std::uint32_t mask = 0;
    std::byte nothing{};
    try {
        const hdf5::RawPlace place = hdf5::locate_raw([&] {
            call("H5Dread_chunk", {.object = data.get()},
                 [&] { return H5Dread_chunk(data.get(), H5P_DEFAULT, offset, &mask, &nothing); });
        });
        return {place.bytes, place.offset, place.descriptor, mask};
    } catch (const core::Error&) {
        const std::uint64_t bytes = stored_chunk_bytes(data, offset);
        if (bytes == 0 || bytes > most) return {.bytes = bytes};
        throw;
    }
}

/// Whether HDF5 puts something into the memory also for what was never stored.
bool fills_all(const hdf5::Dataset& data) {
    const hdf5::Properties creation = hdf5::creation_of(data);
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    H5D_fill_time_t time = H5D_FILL_TIME_NEVER;
    call("H5Pfill_value_defined", {.object = data.get()},
         [&] { return H5Pfill_value_defined(creation.get(), &defined); });
    call("H5Pget_fill_time", {.object = data.get()},
         [&] { return H5Pget_fill_time(creation.get(), &time); });
    return (defined == H5D_FILL_VALUE_USER_DEFINED && time != H5D_FILL_TIME_NEVER) ||
           (defined == H5D_FILL_VALUE_DEFAULT && time == H5D_FILL_TIME_ALLOC);
}

void read_box(const hdf5::Dataset& data, const NdBox& box, std::span<std::byte> out) {
    // Else what the memory held before would be taken for data.
    if (!fills_all(data)) std::fill(out.begin(), out.end(), std::byte{0});
    const Dims n = box.shape();
    const std::vector<hsize_t> start(box.lo.begin(), box.lo.end());
    const std::vector<hsize_t> count(n.begin(), n.end());
    const hdf5::Space space = hdf5::space_of(data);
    hdf5::select_box(space, start, count);
    const hdf5::Type type = hdf5::type_of(data);
    hdf5::read(data, type.get(), hdf5::simple_space(count), space, out.data());
}

/// "32008 (bitshuffle; see ...)"; @p named: where its name may stand.
std::string name_of(unsigned filter, const std::vector<FilterInfo>& named) {
    const auto found = std::find_if(named.begin(), named.end(),
                                    [&](const FilterInfo& f) { return f.id == filter; });
    const bool is_nameless = found == named.end() || found->name.empty() ||
                             found->name == fmt::format("filter {}", filter);
    return is_nameless ? std::to_string(filter) : fmt::format("{} ({})", filter, found->name);
}

/// The first that neither this program nor its HDF5 has, as far as the plugins there are.
std::optional<unsigned> missing_among(const std::vector<codec::Hdf5Filter>& filters) {
    if (codec::ChunkDecoder::supports(filters)) return std::nullopt;
    for (const codec::Hdf5Filter& filter : filters)
        if (H5Zfilter_avail(static_cast<H5Z_filter_t>(filter.id)) <= 0) return filter.id;
    return std::nullopt;
}

} // namespace

std::string DatasetReader::missing_filter() const {
    for (const DatasetPiece& piece : pieces_)
        if (const auto missing = missing_among(piece.filters))
            return name_of(*missing, info_.filters);
    return {};
}

/// The chunks of a piece that @p box touches, in the piece's grid.
NdBox DatasetReader::chunks_in(const DatasetPiece& piece, const NdBox& box) const {
    const NdBox part = intersect(box, piece.place);
    if (part.empty()) return {Dims(box.rank(), 0), Dims(box.rank(), 0)};
    return piece.grid.touched(part - piece.shift);
}

Index DatasetReader::count_blocks_in(const NdBox& box) const {
    Index count = 0;
    for (const DatasetPiece& piece : pieces_)
        count += chunks_in(piece, box).volume();
    return count;
}

void DatasetReader::each_blocks_in(const NdBox& box, std::size_t most,
                                   const std::function<void(std::span<const BlockId>)>& use) const {
    std::vector<BlockId> blocks;
    for (std::size_t p = 0; p < pieces_.size(); ++p) {
        const NdBox chunks = chunks_in(pieces_[p], box);
        for (Index n = 0, all = chunks.volume(); n < all; ++n) {
            blocks.push_back({p, pieces_[p].grid.number_in(chunks, n)});
            if (blocks.size() < most) continue;
            use(blocks);
            blocks.clear();
        }
    }
    if (!blocks.empty()) use(blocks);
}

std::vector<BlockId> DatasetReader::blocks_in(const NdBox& box) const {
    std::vector<BlockId> all;
    each_blocks_in(
        box, std::numeric_limits<std::size_t>::max(),
        [&](std::span<const BlockId> blocks) { all.assign(blocks.begin(), blocks.end()); });
    return all;
}

NdBox DatasetReader::full_box(BlockId block) const noexcept {
    const DatasetPiece& piece = pieces_[block.piece];
    return (piece.decodable ? piece.grid.full_box(block.number) : piece.grid.box(block.number)) +
           piece.shift;
}

NdBox DatasetReader::box(BlockId block) const noexcept {
    return intersect(full_box(block), pieces_[block.piece].place);
}

std::string DatasetReader::describe(BlockId block) const {
    const DatasetPiece& piece = pieces_[block.piece];
    const Dims lo = piece.grid.full_box(block.number).lo;
    return fmt::format("{}, {}, {} at ({})", piece.file.native(), piece.dataset,
                       piece.chunked ? "chunk" : "elements", fmt::join(lo, ", "));
}

std::string DatasetReader::describe(BlockId block, const StoredBlock& stored) const {
    const std::string place =
        stored.descriptor < 0 ? ""
                              : fmt::format(", offset {}, length {}", stored.offset, stored.bytes);
    return describe(block) + place;
}

StoredBlock DatasetReader::look_up(BlockId block) const {
    const DatasetPiece& piece = pieces_[block.piece];
    StoredBlock found;
    with_offset(piece.grid.full_box(block.number).lo, [&](const hsize_t* offset) {
        found = locate_chunk(data_of(piece), offset, most_stored(piece));
    });
    return found;
}

std::uint64_t DatasetReader::most_stored(const DatasetPiece& piece) const noexcept {
    return std::min<std::uint64_t>(piece.file_bytes, stored_bound_);
}

StoredBlock DatasetReader::stored(BlockId block) const {
    const DatasetPiece& piece = pieces_[block.piece];
    StoredBlock found;
    guarded(block, [&] { found = look_up(block); });
    if (found.bytes > most_stored(piece)) {
        const std::string where = describe(block, found);
        const std::string why =
            fmt::format("it says that {} bytes are stored, of a file of {} and for {} bytes of "
                        "data",
                        found.bytes, piece.file_bytes, block_bytes_);
        throw core::Error(core::ErrorText{.what = "damaged chunk", .where = where, .why = why});
    }
    // The mask does not tell of filters that were left out for the chunk's place.
    if (piece.bare_edges && piece.grid.box(block.number) != piece.grid.full_box(block.number))
        found.filter_mask = ~0U;
    return found;
}

/// For errors: with the place in the file, if it can be found. What is damaged need not be.
std::string DatasetReader::locate(BlockId block) const {
    if (!pieces_[block.piece].chunked) return describe(block);
    try {
        return describe(block, look_up(block));
    } catch (const core::Error&) {
        return describe(block);
    }
}

void DatasetReader::read_stored(BlockId block, const StoredBlock& stored,
                                std::span<std::byte> out) const {
    MORPHOGEN_EXPECT(out.size() == stored.bytes);
    const auto n = core::read_whole(stored.descriptor, out, stored.offset);
    if (n == static_cast<std::int64_t>(out.size())) return;
    const std::string why = n < 0 ? core::errno_text(errno) : "the file ends before";
    const std::string where = describe(block, stored);
    throw core::Error(core::ErrorText{.what = "cannot read data", .where = where, .why = why});
}

void DatasetReader::read_plain(BlockId block, std::span<std::byte> out) const {
    const DatasetPiece& piece = pieces_[block.piece];
    guarded(block, [&] { read_box(data_of(piece), piece.grid.box(block.number), out); });
}

void DatasetReader::read_plain(const NdBox& box, std::span<std::byte> out) const {
    read_box(data_, box, out);
}

const hdf5::Dataset& DatasetReader::data_of(const DatasetPiece& piece) const noexcept {
    return piece.data.valid() ? piece.data : data_;
}

template <typename Read>
void DatasetReader::guarded(BlockId block, Read&& read) const {
    try {
        read();
    } catch (const core::Error& error) {
        const std::string where = locate(block);
        // HDF5 tells where it looked for a plugin, not which one it needs.
        const auto missing = missing_among(pieces_[block.piece].filters);
        const std::string why = missing ? fmt::format("no plugin for filter {} is installed",
                                                      name_of(*missing, info_.filters))
                                        : error.what();
        const std::string_view advice =
            missing ? "install it; HDF5_PLUGIN_PATH says where HDF5 looks" : "";
        throw core::Error(core::ErrorText{
            .what = "cannot read data", .where = where, .why = why, .advice = advice});
    }
}

} // namespace morphogen::store
