#include "morphogen/store/dataset_reader.hpp"

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/schema.hpp"

#include "store/dataset_info.hpp"
#include "store/element_type.hpp"
#include "store/virtual_pieces.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace morphogen::store {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;
using hdf5::call;

/// Of blocks for data without chunks.
constexpr Index plain_block_bytes = Index{1} << 20;

[[noreturn]] void refuse(const FileReader& file, const std::string& path, std::string_view why,
                         std::string_view advice = {}) {
    const std::string where = fmt::format("{}, {}", file.path().native(), path);
    throw core::Error(core::ErrorText{
        .what = "cannot read dataset", .where = where, .why = why, .advice = advice});
}

std::vector<std::byte> fill_value(const hdf5::Dataset& data, std::size_t size) {
    std::vector<std::byte> value(size);
    const hdf5::Properties creation = hdf5::creation_of(data);
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    call("H5Pfill_value_defined", {.object = data.get()},
         [&] { return H5Pfill_value_defined(creation.get(), &defined); });
    if (defined == H5D_FILL_VALUE_UNDEFINED) return value;
    const hdf5::Type type = hdf5::type_of(data);
    call("H5Pget_fill_value", {.object = data.get()},
         [&] { return H5Pget_fill_value(creation.get(), type.get(), value.data()); });
    return value;
}

/// Blocks of about plain_block_bytes, long along the fastest axes, as such data lie in the file.
Dims plain_blocks(const Dims& shape, std::size_t element) {
    Dims block(shape.rank(), 1);
    Index room = std::max<Index>(plain_block_bytes / static_cast<Index>(element), 1);
    for (int a = shape.rank() - 1; a >= 0 && room > 0; --a) {
        block[a] = std::clamp<Index>(shape[a], 1, room);
        room /= block[a];
    }
    return block;
}

std::vector<codec::Hdf5Filter> codec_filters(const DatasetInfo& info) {
    std::vector<codec::Hdf5Filter> filters;
    for (const FilterInfo& filter : info.filters)
        filters.push_back({.id = filter.id, .values = filter.values});
    return filters;
}

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

void read_box(const hdf5::Dataset& data, const NdBox& box, std::span<std::byte> out) {
    const Dims n = box.shape();
    const std::vector<hsize_t> start(box.lo.begin(), box.lo.end());
    const std::vector<hsize_t> count(n.begin(), n.end());
    const hdf5::Space space = hdf5::space_of(data);
    hdf5::select_box(space, start, count);
    const hdf5::Type type = hdf5::type_of(data);
    hdf5::read(data, type.get(), hdf5::simple_space(count), space, out.data());
}

/// Files may claim anything: sizes are multiplied only where the product fits.
bool bytes_fit(const std::vector<Index>& shape, std::size_t element) {
    auto bytes = static_cast<std::int64_t>(element);
    for (const Index n : shape)
        if (n < 0 || __builtin_mul_overflow(bytes, std::max<Index>(n, 1), &bytes)) return false;
    return true;
}

Dims negative(Dims d) {
    for (int a = 0; a < d.rank(); ++a)
        d[a] = -d[a];
    return d;
}

/// Other programs' files may have a /step and a /v too, of other lengths.
bool is_run_field(const FileReader& file, const std::string& path) {
    if (!hdf5::exists(file.file().get(), schema::provenance)) return false;
    return path == fmt::format("/{}", core::name_of(core::Field::u)) ||
           path == fmt::format("/{}", core::name_of(core::Field::v));
}

} // namespace

DatasetReader::DatasetReader(std::shared_ptr<const FileReader> file, const std::string& path)
    : file_(std::move(file)), info_(file_->dataset(path)) {
    const auto rank = info_.shape.size();
    if (rank < 1 || rank > static_cast<std::size_t>(Dims::max_rank))
        refuse(*file_, info_.path, fmt::format("it has {} axes, 1 to 8 can be read", rank));
    data_ = hdf5::open_dataset(file_->file().get(), info_.path.c_str(), hdf5::raw_dataset());
    const hdf5::Type type = hdf5::type_of(data_);
    if (refers_elsewhere(type))
        refuse(*file_, info_.path, fmt::format("its elements ({}) have no fixed size", info_.type));
    type_ = element_type_of(type);
    if (type_.size == 0 || !bytes_fit(info_.shape, type_.size) ||
        !bytes_fit(info_.chunk, type_.size))
        refuse(*file_, info_.path, "it claims more bytes than can be counted");
    fill_ = fill_value(data_, type_.size);
    shape_ = Dims::from(info_.shape);
    if (const auto frames = file_->frames(); frames && is_run_field(*file_, info_.path))
        shape_[0] = std::min(shape_[0], *frames); // the rest is not committed
    if (info_.layout != DataLayout::assembled || !add_source_pieces()) add_own_piece();
    find_sizes();
}

std::string DatasetReader::missing_filter() const {
    if (codec::ChunkDecoder::supports(codec_filters(info_))) return {};
    for (const FilterInfo& filter : info_.filters)
        if (H5Zfilter_avail(static_cast<H5Z_filter_t>(filter.id)) <= 0)
            return fmt::format("{} ({})", filter.id, filter.name);
    return {};
}

void DatasetReader::add_own_piece() {
    DatasetPiece piece = make_piece({}, info_);
    piece.place = NdBox::whole(shape_);
    piece.shift = Dims(shape_.rank(), 0);
    piece.file = file_->path();
    pieces_.push_back(std::move(piece));
}

DatasetPiece DatasetReader::make_piece(hdf5::Dataset data, const DatasetInfo& info) const {
    DatasetPiece piece;
    const Dims shape = Dims::from(info.shape);
    piece.filters = codec_filters(info);
    piece.chunked = info.layout == DataLayout::chunked;
    piece.decodable = piece.chunked && codec::ChunkDecoder::supports(piece.filters);
    piece.grid = {shape, piece.chunked ? Dims::from(info.chunk) : plain_blocks(shape, type_.size)};
    piece.dataset = info.path;
    piece.data = std::move(data);
    hsize_t bytes = 0;
    const hid_t object = piece.data.valid() ? piece.data.get() : data_.get();
    const hdf5::File file(
        call("H5Iget_file_id", {.object = object}, [&] { return H5Iget_file_id(object); }));
    call("H5Fget_filesize", {.object = object},
         [&] { return H5Fget_filesize(file.get(), &bytes); });
    piece.file_bytes = bytes;
    return piece;
}

/// The sources of a virtual dataset read directly: several times quicker than through it.
bool DatasetReader::add_source_pieces() {
    const auto mapped = box_pieces(hdf5::creation_of(data_), shape_);
    if (!mapped) return false;
    std::vector<DatasetPiece> pieces;
    for (const VirtualPiece& source : *mapped) {
        if (source.place.empty()) continue;
        hdf5::File handle;
        std::filesystem::path path = file_->path();
        if (source.file != ".") {
            path = file_->path().parent_path() / source.file; // an absolute name stays as it is
            handle =
                hdf5::open_file(path, file_->is_swmr() ? hdf5::Mode::read_swmr : hdf5::Mode::read);
        }
        const hid_t parent = handle.valid() ? handle.get() : file_->file().get();
        hdf5::Dataset data =
            hdf5::open_dataset(parent, source.dataset.c_str(), hdf5::raw_dataset());
        const DatasetInfo info = describe_dataset(data, source.dataset);
        if (info.layout == DataLayout::assembled || element_type_of(hdf5::type_of(data)) != type_ ||
            static_cast<int>(info.shape.size()) != shape_.rank())
            return false;
        DatasetPiece piece = make_piece(std::move(data), info);
        piece.handle = std::move(handle);
        piece.file = std::move(path);
        piece.place = source.place;
        piece.shift = source.place.lo;
        for (int a = 0; a < shape_.rank(); ++a)
            piece.shift[a] -= source.source[a];
        if (source.whole && piece.grid.shape() != source.place.shape()) return false;
        // What the source does not have is fill, which only the library tells.
        const NdBox wanted = piece.place + negative(piece.shift);
        if (!NdBox::whole(piece.grid.shape()).contains(wanted)) return false;
        pieces.push_back(std::move(piece));
    }
    pieces_ = std::move(pieces);
    return true;
}

void DatasetReader::find_sizes() {
    for (const DatasetPiece& piece : pieces_) {
        const auto bytes = static_cast<std::size_t>(core::volume(piece.grid.chunk())) * type_.size;
        block_bytes_ = std::max(block_bytes_, bytes);
    }
    // No codec stores more than its input and some headers.
    stored_bound_ = block_bytes_ + block_bytes_ / 8 + 4096;
}

std::vector<BlockId> DatasetReader::blocks_in(const NdBox& box) const {
    std::vector<BlockId> blocks;
    for (std::size_t p = 0; p < pieces_.size(); ++p) {
        const DatasetPiece& piece = pieces_[p];
        const NdBox part = intersect(box, piece.place);
        if (part.empty()) continue;
        const NdBox chunks = piece.grid.touched(part + negative(piece.shift));
        for (Index n = 0, all = chunks.volume(); n < all; ++n)
            blocks.push_back({p, piece.grid.number_in(chunks, n)});
    }
    return blocks;
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
                       piece.decodable ? "chunk" : "elements", fmt::join(lo, ", "));
}

std::optional<std::uint64_t> DatasetReader::offset(BlockId block) const {
    const DatasetPiece& piece = pieces_[block.piece];
    if (!piece.chunked) return std::nullopt;
    const hdf5::Dataset& data = piece.data.valid() ? piece.data : data_;
    haddr_t address = HADDR_UNDEF;
    with_offset(piece.grid.full_box(block.number).lo, [&](const hsize_t* at) {
        const hdf5::QuietErrors quiet; // a file that is damaged may not tell
        hsize_t bytes = 0;
        unsigned mask = 0;
        if (H5Dget_chunk_info_by_coord(data.get(), at, &mask, &address, &bytes) < 0)
            address = HADDR_UNDEF;
    });
    if (address == HADDR_UNDEF) return std::nullopt;
    return address;
}

StoredBlock DatasetReader::stored(BlockId block) const {
    const DatasetPiece& piece = pieces_[block.piece];
    const hdf5::Dataset& data = piece.data.valid() ? piece.data : data_;
    hsize_t bytes = 0;
    with_offset(piece.grid.full_box(block.number).lo,
                [&](const hsize_t* offset) { bytes = stored_chunk_bytes(data, offset); });
    if (bytes > std::min<std::uint64_t>(piece.file_bytes, stored_bound_))
        throw core::Error(core::ErrorText{
            .what = "damaged chunk",
            .where = describe(block),
            .why = fmt::format("it says that {} bytes are stored, of a file of {} and for {} bytes "
                               "of data",
                               bytes, piece.file_bytes, block_bytes_)});
    return {.bytes = bytes};
}

void DatasetReader::read_stored(BlockId block, StoredBlock& stored,
                                std::span<std::byte> out) const {
    const DatasetPiece& piece = pieces_[block.piece];
    const hdf5::Dataset& data = piece.data.valid() ? piece.data : data_;
    if (out.size() < stored.bytes) throw core::Error("a buffer shorter than the stored chunk");
    with_offset(piece.grid.full_box(block.number).lo, [&](const hsize_t* offset) {
        call("H5Dread_chunk", {.object = data.get(), .name = {}}, [&] {
            return H5Dread_chunk(data.get(), H5P_DEFAULT, offset, &stored.filter_mask, out.data());
        });
    });
}

void DatasetReader::read_plain(BlockId block, std::span<std::byte> out) const {
    const DatasetPiece& piece = pieces_[block.piece];
    read_box(piece.data.valid() ? piece.data : data_, piece.grid.box(block.number), out);
}

void DatasetReader::read_plain(const NdBox& box, std::span<std::byte> out) const {
    read_box(data_, box, out);
}

} // namespace morphogen::store
