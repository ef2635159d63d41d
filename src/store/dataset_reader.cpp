#include "morphogen/store/dataset_reader.hpp"

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/dataset_info.hpp"
#include "store/element_type.hpp"
#include "store/hdf5/locating_driver.hpp"
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

/// Files may claim anything: sizes are multiplied only where the product fits.
bool bytes_fit(const std::vector<Index>& shape, std::size_t element) {
    auto bytes = static_cast<std::int64_t>(element);
    for (const Index n : shape)
        if (n < 0 || __builtin_mul_overflow(bytes, std::max<Index>(n, 1), &bytes)) return false;
    return true;
}

} // namespace

DatasetReader::DatasetReader(std::shared_ptr<const FileReader> file, const std::string& path)
    : file_(std::move(file)) {
    if (const auto there = file_->elsewhere(path)) {
        // Its sources, its frames and what else belongs to it are those of its own file.
        file_ = std::make_shared<const FileReader>(there->first);
        info_ = file_->dataset(there->second);
    } else {
        info_ = file_->dataset(path);
    }
    const auto rank = info_.shape.size();
    if (rank < 1 || rank > static_cast<std::size_t>(Dims::max_rank))
        refuse(*file_, info_.path, fmt::format("it has {} axes, 1 to 8 can be read", rank));
    data_ = hdf5::open_dataset(file_->file().get(), info_.path.c_str(), hdf5::uncached_dataset());
    const hdf5::Type type = hdf5::type_of(data_);
    if (refers_elsewhere(type))
        refuse(*file_, info_.path, fmt::format("its elements ({}) have no fixed size", info_.type));
    type_ = element_type_of(type);
    if (type_.size == 0 || !bytes_fit(info_.shape, type_.size) ||
        !bytes_fit(info_.chunk, type_.size))
        refuse(*file_, info_.path, "it claims more bytes than can be counted");
    fill_ = fill_value(data_, type_.size);
    shape_ = Dims::from(info_.shape);
    if (const auto frames = file_->frames_of(info_.path))
        shape_[0] = std::min(shape_[0], *frames); // the rest is not committed
    if (info_.layout != DataLayout::assembled || !add_source_pieces()) add_own_piece();
    find_sizes();
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
    piece.bare_edges = info.bare_edges;
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
    piece.decodable =
        piece.chunked && codec::ChunkDecoder::supports(piece.filters) && hdf5::tells_places(file);
    check_stored(info, bytes);
    return piece;
}

/// A damaged header may claim petabytes: nobody would see the end of reading them.
void DatasetReader::check_stored(const DatasetInfo& info, std::uint64_t file_bytes) const {
    if (info.layout != DataLayout::contiguous || info.external || info.stored_bytes == 0) return;
    if (info.stored_bytes > file_bytes)
        refuse(*file_, info_.path,
               fmt::format("it is damaged: its header tells of {}, the file has {}",
                           core::format_size(info.stored_bytes), core::format_size(file_bytes)));
    if (info.stored_bytes < info.raw_bytes())
        refuse(*file_, info_.path,
               fmt::format("it is damaged: {} are stored, its shape needs {}",
                           core::format_size(info.stored_bytes),
                           core::format_size(info.raw_bytes())));
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
            handle = hdf5::open_located(path, file_->is_swmr());
        }
        const hid_t parent = handle.valid() ? handle.get() : file_->file().get();
        hdf5::Dataset data =
            hdf5::open_dataset(parent, source.dataset.c_str(), hdf5::uncached_dataset());
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
        const NdBox wanted = piece.place - piece.shift;
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

} // namespace morphogen::store
