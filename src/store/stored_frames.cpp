#include "store/stored_frames.hpp"

#include "morphogen/core/error.hpp"

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <string_view>

namespace morphogen::store {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;

/// One frame's block as a box of the dataset [time, (z,) y, x].
NdBox frame_box(const FrameLayout& layout, Index frame) {
    NdBox box{Dims(layout.dims + 1, 0), Dims(layout.dims + 1, 1)};
    box.lo[0] = frame;
    box.hi[0] = frame + 1;
    for (int i = 0; i < layout.dims; ++i) {
        const auto a = static_cast<std::size_t>(3 - layout.dims + i);
        box.lo[1 + i] = layout.block.lo[a];
        box.hi[1 + i] = layout.block.hi[a];
    }
    return box;
}

/// Element number @p at (row-major) of @p box.
Dims index_in(const NdBox& box, Index at) {
    const Dims n = box.shape();
    Dims index(box.rank(), 0);
    for (int a = box.rank() - 1; a >= 0; --a) {
        index[a] = box.lo[a] + at % n[a];
        at /= n[a];
    }
    return index;
}

Index offset_in(const NdBox& box, const Dims& index) {
    const Dims n = box.shape();
    Index offset = 0;
    for (int a = 0; a < box.rank(); ++a)
        offset = offset * n[a] + index[a] - box.lo[a];
    return offset;
}

std::string value_text(core::Precision precision, const std::byte* cell) {
    if (precision == core::Precision::f32) {
        float value = 0.0F;
        std::memcpy(&value, cell, sizeof value);
        return fmt::format("{:.9g}", value);
    }
    double value = 0.0;
    std::memcpy(&value, cell, sizeof value);
    return fmt::format("{:.17g}", value);
}

/// The first cell of @p box, row-major, whose bytes differ.
std::optional<Dims> first_difference(const NdBox& box, const std::byte* a, const NdBox& a_box,
                                     const std::byte* b, const NdBox& b_box, std::size_t element) {
    const int last = box.rank() - 1;
    const Index row = box.hi[last] - box.lo[last];
    for (Index at = 0; at < box.volume(); at += row) {
        const Dims start = index_in(box, at);
        const std::byte* left = a + static_cast<std::size_t>(offset_in(a_box, start)) * element;
        const std::byte* right = b + static_cast<std::size_t>(offset_in(b_box, start)) * element;
        if (std::memcmp(left, right, static_cast<std::size_t>(row) * element) == 0) continue;
        for (Index i = 0; i < row; ++i)
            if (std::memcmp(left + static_cast<std::size_t>(i) * element,
                            right + static_cast<std::size_t>(i) * element, element) != 0)
                return index_in(box, at + i);
    }
    return std::nullopt;
}

constexpr std::string_view what_to_do =
    "verify names all that is damaged; restore the file, or, if only files of the last segment are "
    "damaged, rename them and frames.h5 and resume: the segment is computed again";

[[noreturn]] void tell_difference(const std::string& where, const std::string& why) {
    throw core::Error(core::ErrorText{
        .what = "a frame computed again differs from the stored one",
        .where = where,
        .why = why,
        .advice = "the run cannot go on from here as it was; look for another program version, "
                  "configuration or instruction set than the run had, or for damage (verify)"});
}

} // namespace

void StoredFrames::open(const FrameLayout& layout) {
    // Beside this process' own writer, and other ranks'.
    file_ = std::make_shared<FileReader>(path_, Access::swmr);
    records_ = file_->records();
    for (const core::Field field : layout.fields) {
        FieldData data{
            std::make_unique<DatasetReader>(file_, "/" + std::string(core::name_of(field))), {}};
        const ElementType expected{.size = core::bytes_of(layout.precision)};
        if (data.data->type() != expected || data.data->shape().rank() != layout.dims + 1)
            throw core::Error(
                core::ErrorText{.what = "the stored frames are of another kind",
                                .where = path_.native(),
                                .why = "their precision or number of axes is not this run's"});
        data.decoders.resize(data.data->pieces().size());
        cells_.resize(std::max(cells_.size(), data.data->block_bytes()));
        fields_.push_back(std::move(data));
    }
}

void StoredFrames::close() noexcept {
    fields_.clear();
    file_.reset();
}

void StoredFrames::check(const FrameLayout& layout, const Frame& frame) {
    if (!file_) open(layout);
    const auto number = static_cast<std::size_t>(frame.record.number);
    const std::string where = fmt::format("{}, frame {}", path_.native(), number);
    if (number >= records_.size())
        throw core::Error(
            core::ErrorText{.what = "a committed frame is gone",
                            .where = where,
                            .why = fmt::format("the file counts {} frames", records_.size())});
    if (records_[number].step != frame.record.step)
        tell_difference(where, fmt::format("step {} is stored, step {} was computed",
                                           records_[number].step, frame.record.step));
    for (std::size_t field = 0; field < layout.fields.size(); ++field)
        check_field(layout, frame, field);
}

/// The block's elements into cells_, laid out as full_box or box: see check_field.
void StoredFrames::read(FieldData& field, BlockId block) {
    const DatasetPiece& piece = field.data->pieces()[block.piece];
    const std::size_t raw =
        static_cast<std::size_t>(piece.decodable ? field.data->full_box(block).volume()
                                                 : field.data->box(block).volume()) *
        field.data->element_size();
    const std::span<std::byte> cells(cells_.data(), raw);
    if (!piece.decodable) {
        field.data->read_plain(block, cells);
        return;
    }
    const StoredBlock stored = field.data->stored(block);
    if (stored.bytes == 0)
        throw core::Error(core::ErrorText{.what = "a chunk of a committed frame is missing",
                                          .where = field.data->describe(block),
                                          .advice = what_to_do});
    stored_.resize(stored.bytes);
    field.data->read_stored(block, stored, stored_);
    auto& decoder = field.decoders[block.piece];
    if (!decoder) decoder.emplace(piece.filters, field.data->block_bytes());
    try {
        decoder->decode(stored_, cells, stored.filter_mask);
    } catch (const core::Error& error) {
        throw core::Error(core::ErrorText{.what = "a stored frame cannot be read again",
                                          .where = field.data->describe(block),
                                          .why = error.what(),
                                          .advice = what_to_do});
    }
}

void StoredFrames::check_field(const FrameLayout& layout, const Frame& frame, std::size_t field) {
    FieldData& data = fields_[field];
    const std::size_t element = data.data->element_size();
    const NdBox block_box = frame_box(layout, frame.record.number);
    const std::byte* const computed = frame.cells.data() + field * layout.field_bytes();
    for (const BlockId block : data.data->blocks_in(block_box)) {
        read(data, block);
        const bool whole_chunk = data.data->pieces()[block.piece].decodable;
        const NdBox stored_box = whole_chunk ? data.data->full_box(block) : data.data->box(block);
        const NdBox common = intersect(data.data->box(block), block_box);
        const auto cell =
            first_difference(common, cells_.data(), stored_box, computed, block_box, element);
        if (!cell) continue;
        const auto text = [&](const std::byte* cells, const NdBox& box) {
            return value_text(layout.precision,
                              cells + static_cast<std::size_t>(offset_in(box, *cell)) * element);
        };
        std::string at;
        for (int a = 1; a < cell->rank(); ++a)
            at += fmt::format("{}{}", a == 1 ? "" : ", ", (*cell)[a]);
        tell_difference(fmt::format("{}, /{}, frame {}, cell ({})", path_.native(),
                                    core::name_of(layout.fields[field]), frame.record.number, at),
                        fmt::format("{} is stored, {} was computed",
                                    text(cells_.data(), stored_box), text(computed, block_box)));
    }
}

} // namespace morphogen::store
