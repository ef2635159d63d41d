#include "rework/block_decoder.hpp"

#include "morphogen/codec/shuffle.hpp"
#include "morphogen/core/box_rows.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5_lock.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace morphogen::rework {

using core::Index;
using core::NdBox;
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
    if (reader.pieces()[id.piece].decodable) {
        block.stored = reader.stored(id);
        return;
    }
    grow(block.bytes,
         static_cast<std::size_t>(reader.full_box(id).volume()) * reader.element_size());
    reader.read_plain(id, block.bytes.span());
}

std::uint64_t BlockDecoder::memory(const DatasetReader& reader) {
    const auto& pieces = reader.pieces();
    const bool any_stored = std::any_of(pieces.begin(), pieces.end(),
                                        [](const auto& piece) { return piece.decodable; });
    return 3 * static_cast<std::uint64_t>(reader.block_bytes()) +
           (any_stored ? reader.stored_bound() : 0);
}

std::uint64_t BlockDecoder::fetched_memory(const DatasetReader& reader) {
    const auto& pieces = reader.pieces();
    const bool all_stored = std::all_of(pieces.begin(), pieces.end(),
                                        [](const auto& piece) { return piece.decodable; });
    return all_stored ? 0 : reader.stored_bound();
}

BlockView BlockDecoder::view(const DatasetReader& reader, const FetchedBlock& block) {
    BlockView view;
    view.id = block.id;
    view.box = reader.box(block.id);
    view.raw_box = reader.full_box(block.id);
    view.is_fill = reader.pieces()[block.id.piece].decodable && block.stored.bytes == 0;
    view.decoder_ = this;
    reader_ = &reader;
    block_ = &block;
    raw_bytes_ = static_cast<std::size_t>(view.raw_box.volume()) * reader.element_size();
    decoded_.reset();
    return view;
}

std::span<std::byte> BlockDecoder::raw_buffer() {
    if (raw_.size() < raw_bytes_) raw_ = core::AlignedBuffer<std::byte>(reader_->block_bytes());
    return raw_.span().first(raw_bytes_);
}

/// What the block holds, maybe into @p raw. @throws core::Error naming file, dataset and chunk
codec::ShuffledBytes BlockDecoder::decode(std::span<std::byte> raw) {
    const store::BlockId id = block_->id;
    if (!reader_->pieces()[id.piece].decodable) return {block_->bytes.span().first(raw_bytes_)};
    grow(stored_, block_->stored.bytes);
    const auto stored = stored_.span().first(block_->stored.bytes);
    reader_->read_stored(id, block_->stored, stored);
    if (decoders_.empty()) decoders_.resize(reader_->pieces().size());
    // Scratch for one piece at a time: thousands of sources must not need memory for thousands.
    if (last_piece_ != id.piece) decoders_[last_piece_].reset();
    last_piece_ = id.piece;
    auto& decoder = decoders_[id.piece];
    try {
        if (!decoder) decoder.emplace(reader_->pieces()[id.piece].filters, raw_bytes_);
        return decoder->decode_shuffled(stored, raw, block_->stored.filter_mask);
    } catch (const core::Error& error) {
        const std::string where = reader_->describe(id, block_->stored);
        throw core::Error(
            core::ErrorText{.what = "cannot decode chunk", .where = where, .why = error.what()});
    }
}

const codec::ShuffledBytes& BlockDecoder::decoded() {
    if (!decoded_) decoded_ = decode(raw_buffer());
    return *decoded_;
}

void BlockView::check() const {
    if (!is_fill) decoder_->decoded();
}

std::span<const std::byte> BlockView::raw() const {
    BlockDecoder& decoder = *decoder_;
    if (is_fill) {
        const auto raw = decoder.raw_buffer();
        if (!decoder.decoded_)
            core::fill_box(raw_box, decoder.reader_->fill(), raw.data(), raw_box);
        decoder.decoded_ = codec::ShuffledBytes{raw};
        return raw;
    }
    const codec::ShuffledBytes found = decoder.decoded();
    if (found.element_size == 1) return found.bytes;
    const auto raw = decoder.raw_buffer();
    codec::unshuffle_bytes(found.bytes, raw, found.element_size);
    decoder.decoded_ = codec::ShuffledBytes{raw};
    return raw;
}

void BlockView::copy_to(const NdBox& part, std::byte* out, const NdBox& out_box,
                        Stores stores) const {
    BlockDecoder& decoder = *decoder_;
    const std::size_t element = decoder.reader_->element_size();
    if (is_fill) return core::fill_box(part, decoder.reader_->fill(), out, out_box);
    if (!decoder.decoded_ && part == raw_box && core::lies_together(part, out_box)) {
        const auto first = static_cast<std::size_t>(core::place_in(out_box, part.lo)) * element;
        const std::span<std::byte> place(out + first, decoder.raw_bytes_);
        const codec::ShuffledBytes found = decoder.decode(place);
        if (found.bytes.data() == place.data()) return; // not kept: it is no longer ours
        decoder.decoded_ = found;
    }
    const codec::ShuffledBytes& found = decoder.decoded();
    if (found.element_size == 1)
        return core::copy_box(part, found.bytes.data(), raw_box, out, out_box, element);
    if (found.element_size != element)
        return core::copy_box(part, raw().data(), raw_box, out, out_box, element);
    const bool past = stores == Stores::past_caches;
    const auto unshuffle = past ? codec::unshuffle_part_past_caches : codec::unshuffle_part;
    core::for_each_row(part, raw_box, out_box, [&](Index from, Index to, Index count) {
        unshuffle(found.bytes, static_cast<std::size_t>(from),
                  {out + static_cast<std::size_t>(to) * element,
                   static_cast<std::size_t>(count) * element},
                  element);
    });
    if (past) codec::wait_for_stores();
}

void BlockView::copy_shuffled_to(const NdBox& part, std::byte* out, const NdBox& out_box) const {
    BlockDecoder& decoder = *decoder_;
    const std::size_t element = decoder.reader_->element_size();
    const auto elements = static_cast<std::size_t>(out_box.volume());
    if (is_fill) {
        for (std::size_t b = 0; b < element; ++b)
            core::fill_box(part, decoder.reader_->fill().subspan(b, 1), out + b * elements,
                           out_box);
        return;
    }
    const codec::ShuffledBytes& found = decoder.decoded();
    if (found.element_size == element && element > 1) {
        const std::size_t plane = decoder.raw_bytes_ / element;
        for (std::size_t b = 0; b < element; ++b)
            core::copy_box(part, found.bytes.data() + b * plane, raw_box, out + b * elements,
                           out_box, 1);
        return;
    }
    const std::span<const std::byte> rows = raw();
    core::for_each_row(part, raw_box, out_box, [&](Index from, Index to, Index count) {
        codec::shuffle_part(rows.subspan(static_cast<std::size_t>(from) * element,
                                         static_cast<std::size_t>(count) * element),
                            {out, elements * element}, static_cast<std::size_t>(to), element);
    });
}

} // namespace morphogen::rework
