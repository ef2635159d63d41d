#include "rework/block_decoder.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5_lock.hpp"

#include <span>

namespace morphogen::rework {

using store::DatasetReader;

void grow(core::AlignedBuffer<std::byte>& buffer, std::size_t bytes) {
    if (buffer.size() >= bytes) return;
    buffer = {}; // first: the two together would be more than was counted
    buffer = core::AlignedBuffer<std::byte>(bytes);
}

void fetch_block(const DatasetReader& reader, store::BlockId id, FetchedBlock& block) {
    const store::Hdf5Lock lock;
    block.id = id;
    block.stored = {};
    if (!reader.pieces()[id.piece].decodable) {
        grow(block.bytes,
             static_cast<std::size_t>(reader.full_box(id).volume()) * reader.element_size());
        reader.read_plain(id, block.bytes.span());
        return;
    }
    block.stored = reader.stored(id);
    if (block.stored.bytes == 0) return;
    grow(block.bytes, block.stored.bytes);
    reader.read_stored(id, block.stored, block.bytes.span());
}

void BlockDecoder::decode_stored(const DatasetReader& reader, const FetchedBlock& block,
                                 std::span<std::byte> raw) {
    if (decoders_.empty()) decoders_.resize(reader.pieces().size());
    // Scratch for one piece at a time: thousands of sources must not need memory for thousands.
    if (last_piece_ != block.id.piece) decoders_[last_piece_].reset();
    last_piece_ = block.id.piece;
    auto& decoder = decoders_[block.id.piece];
    try {
        if (!decoder) decoder.emplace(reader.pieces()[block.id.piece].filters, raw.size());
        decoder->decode(block.bytes.span().first(block.stored.bytes), raw,
                        block.stored.filter_mask);
    } catch (const core::Error& error) {
        throw UndecodableBlock(reader, block.id, error.what());
    }
}

BlockView BlockDecoder::decode(const DatasetReader& reader, const FetchedBlock& block) {
    BlockView view{.id = block.id,
                   .box = reader.box(block.id),
                   .raw_box = reader.full_box(block.id),
                   .raw = {}};
    const auto bytes = static_cast<std::size_t>(view.raw_box.volume()) * reader.element_size();
    if (!reader.pieces()[block.id.piece].decodable) {
        view.raw = block.bytes.span().first(bytes);
        return view;
    }
    if (raw_.size() < bytes) raw_ = core::AlignedBuffer<std::byte>(reader.block_bytes());
    const std::span<std::byte> raw = raw_.span().first(bytes);
    view.raw = raw;
    if (block.stored.bytes == 0) {
        view.is_fill = true;
        core::fill_box(view.raw_box, reader.fill(), raw.data(), view.raw_box);
    } else {
        decode_stored(reader, block, raw);
    }
    return view;
}

} // namespace morphogen::rework
