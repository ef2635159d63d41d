#include "store/damaged_file.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/schema.hpp"

#include "store/frames_look.hpp"
#include "store/hdf5/superblock.hpp"
#include "store/salvaged_records.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace morphogen::store {
namespace {

using core::Index;
using core::NdBox;

std::string path_of(core::Field field) {
    return "/" + std::string(core::name_of(field));
}

NdBox frame_of(const DatasetReader& data, Index frame) {
    NdBox box = NdBox::whole(data.shape());
    box.lo[0] = frame;
    box.hi[0] = frame + 1;
    return box;
}

/// Of a file that holds the whole grid, where the frames themselves can be opened.
void describe_whole(const hdf5::File& file, PartState& part) {
    if (hdf5::has_attribute(file.get(), schema::grid_shape))
        throw core::Error(
            core::ErrorText{.what = "not the whole grid", .where = part.path.native()});
    part.format = look_at_fields(file).format;
    part.block = {{0, 0, 0}, part.format.global};
    part.format.spacing = spacing_of(file, part.block, part.format.dims);
}

} // namespace

DamagedFile::DamagedFile(PartState part, Elsewhere elsewhere)
    : part_(std::move(part)), elsewhere_(std::move(elsewhere)) {
    const auto mark = hdf5::read_mark(part_.path);
    const hdf5::Properties access = hdf5::file_access();
    hdf5::set_overlay_driver(access, part_.path, nothing_written_, mark ? mark->end : 0);
    reader_ = std::make_shared<FileReader>(
        part_.path, hdf5::open_file(part_.path, hdf5::Mode::read_swmr, access));
}

DatasetReader DamagedFile::data(core::Field field) const {
    return {reader_, path_of(field)};
}

PartState DamagedFile::state() const {
    PartState state = part_;
    try {
        describe_part(*reader_, state);
    } catch (const core::Error&) {
        state = part_; // what frames.h5 says of it
        if (state.block.empty()) describe_whole(reader_->file(), state);
    }
    return state;
}

FrameLayout DamagedFile::layout() const {
    const PartState part = state();
    FrameLayout layout;
    layout.dims = part.format.dims;
    layout.precision = part.format.precision;
    layout.global = part.format.global;
    layout.block = part.block;
    layout.fields = part.format.fields;
    layout.spacing = part.format.spacing;
    const DatasetReader frames = data(layout.fields.front());
    const auto filters =
        codec::pipeline_of(frames.pieces().front().filters, core::bytes_of(layout.precision));
    const auto& chunk = frames.info().chunk;
    if (!filters || chunk.size() != static_cast<std::size_t>(layout.dims) + 1)
        throw core::Error("not chunks as a run writes them");
    layout.filters = *filters;
    std::copy(chunk.begin() + 1, chunk.end(), layout.chunk.end() - layout.dims);
    return layout;
}

std::vector<FrameRecord> DamagedFile::records(Index limit) {
    std::vector<FrameRecord> records;
    if (elsewhere_.records.empty()) {
        const auto fields = look_at_fields(reader_->file()).format.fields;
        records = salvage_records(reader_->file(), fields, limit, elsewhere_.time_step);
    } else {
        const auto count = std::min(limit, static_cast<Index>(elsewhere_.records.size()));
        records.assign(elsewhere_.records.begin(), elsewhere_.records.begin() + count);
    }
    reader_->take_for_committed(static_cast<Index>(records.size()));
    return records;
}

void DamagedFile::complete(std::vector<FrameRecord>& records) const {
    const PartState part = state();
    if (part.block.shape() != part.format.global) return; // statistics are over the whole grid
    std::vector<double> cells(static_cast<std::size_t>(core::volume(part.format.global)));
    for (const core::Field field : part.format.fields)
        for (std::size_t n = 0; n < records.size(); ++n) {
            FieldStatistics& statistics = records[n].statistics[static_cast<std::size_t>(field)];
            if (!lacks_any(statistics)) continue;
            reader_->read_frame(path_of(field), static_cast<Index>(n), std::span(cells));
            statistics = statistics_of(cells);
        }
}

Chunks::Chunks(DatasetReader data)
    : data_(std::move(data)), decoder_(data_.pieces().front().filters, data_.block_bytes()),
      cells_(data_.block_bytes()) {
    const DatasetPiece& piece = data_.pieces().front();
    if (data_.pieces().size() != 1 || !piece.chunked || !piece.decodable || piece.bare_edges)
        throw core::Error("not frames as a run writes them");
}

void Chunks::for_each(Index frame, const Use& use) {
    for (const BlockId block : data_.blocks_in(frame_of(data_, frame))) {
        hdf5::take_read_past_end();
        const StoredBlock stored = data_.stored(block);
        if (stored.bytes == 0 || stored.filter_mask != 0 || hdf5::take_read_past_end())
            throw core::Error("a chunk is not in the file");
        stored_.resize(stored.bytes);
        data_.read_stored(block, stored, stored_);
        decoder_.decode(stored_, cells_);
        std::vector<hsize_t> offset;
        for (const Index at : data_.full_box(block).lo)
            offset.push_back(static_cast<hsize_t>(at));
        use(offset, stored_);
    }
}

Index Chunks::count_proven(Index limit) {
    const Index end = std::min(limit, data_.shape()[0]);
    Index frame = 0;
    try {
        for (; frame < end; ++frame)
            for_each(frame, [](const auto&, const auto&) {});
    } catch (const core::Error&) { // this one
    }
    return frame;
}

} // namespace morphogen::store
