#include "store/salvage.hpp"

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/new_file.hpp"
#include "morphogen/store/schema.hpp"

#include "store/frames_look.hpp"
#include "store/hdf5/overlay_driver.hpp"
#include "store/hdf5/superblock.hpp"
#include "store/part_move.hpp"
#include "store/record_table.hpp"
#include "store/skeleton.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
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

/// A file opened as far as its bytes go. One at a time.
class DamagedFile {
public:
    explicit DamagedFile(const PartState& part) : state_(part) {
        const auto mark = hdf5::read_mark(part.path);
        const hdf5::Properties access = hdf5::file_access();
        hdf5::set_overlay_driver(access, part.path, nothing_written_, mark ? mark->end : 0);
        reader_ = std::make_shared<FileReader>(
            part.path, hdf5::open_file(part.path, hdf5::Mode::read_swmr, access));
    }

    const FileReader& reader() const { return *reader_; }
    DatasetReader data(core::Field field) const { return {reader_, path_of(field)}; }

    /// @throws core::Error
    PartState state() const {
        PartState state = state_;
        describe_part(*reader_, state);
        return state;
    }

    /// Records of the first frames, at most @p limit. They lie in chunks of columns, the last of
    /// which may be beyond the end.
    std::vector<FrameRecord> records(Index limit) const {
        constexpr Index together = schema::records_per_chunk;
        for (Index n = std::min(limit, reader_->frames().value_or(0)); n > 0;
             n = (n - 1) / together * together)
            try {
                hdf5::take_read_past_end();
                auto records = reader_->records(n);
                if (!hdf5::take_read_past_end()) return in_order(std::move(records));
            } catch (const core::Error&) { // fewer, then
            }
        return {};
    }

private:
    /// Zeros, where a disk has a hole, are no steps.
    static std::vector<FrameRecord> in_order(std::vector<FrameRecord> records) {
        const auto end = std::adjacent_find(
            records.begin(), records.end(),
            [](const FrameRecord& a, const FrameRecord& b) { return a.step >= b.step; });
        if (end != records.end()) records.erase(end + 1, records.end());
        return records;
    }

    PartState state_;
    hdf5::Pages nothing_written_; // outlives the file
    std::shared_ptr<const FileReader> reader_;
};

/// Reads a dataset's chunks as they are stored, and proves them.
class Chunks {
public:
    explicit Chunks(DatasetReader data)
        : data_(std::move(data)), decoder_(data_.pieces().front().filters, data_.block_bytes()),
          cells_(data_.block_bytes()) {
        const DatasetPiece& piece = data_.pieces().front();
        if (data_.pieces().size() != 1 || !piece.chunked || !piece.decodable || piece.bare_edges)
            throw core::Error("not frames as a run writes them");
    }

    /// Calls use(offset, bytes) for each chunk of the frame. @throws core::Error if one is damaged
    template <typename Use>
    void for_each(Index frame, Use&& use) {
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

    /// So many of the first @p limit frames, up to one that is damaged.
    Index count_proven(Index limit) {
        const Index end = std::min(limit, data_.shape()[0]);
        Index frame = 0;
        try {
            for (; frame < end; ++frame)
                for_each(frame, [](const auto&, const auto&) {});
        } catch (const core::Error&) { // this one
        }
        return frame;
    }

private:
    DatasetReader data_;
    codec::ChunkDecoder decoder_;
    std::vector<std::byte> stored_;
    std::vector<std::byte> cells_;
};

/// As the file was made. @throws core::Error
FrameLayout layout_of(const DamagedFile& file, const PartState& part) {
    FrameLayout layout;
    layout.dims = part.format.dims;
    layout.precision = part.format.precision;
    layout.global = part.format.global;
    layout.block = part.block;
    layout.fields = part.format.fields;
    layout.spacing = part.format.spacing;
    const DatasetReader data = file.data(layout.fields.front());
    const auto filters =
        codec::pipeline_of(data.pieces().front().filters, core::bytes_of(layout.precision));
    const auto& chunk = data.info().chunk;
    if (!filters || chunk.size() != static_cast<std::size_t>(layout.dims) + 1)
        throw core::Error("not chunks as a run writes them");
    layout.filters = *filters;
    std::copy(chunk.begin() + 1, chunk.end(), layout.chunk.end() - layout.dims);
    return layout;
}

void copy_launches(const FileReader& from, const hdf5::File& to) {
    try {
        hdf5::call("H5Ocopy", {from.file().get(), schema::provenance}, [&] {
            return H5Ocopy(from.file().get(), schema::provenance, to.get(), schema::provenance,
                           H5P_DEFAULT, H5P_DEFAULT);
        });
    } catch (const core::Error&) { // they are told by the other files of the run
    }
}

void copy_frames(const DamagedFile& from, const hdf5::File& to, const FrameLayout& layout,
                 Index frames) {
    // First, as in a file that grows: what is cut off is at the end.
    const auto records = from.records(frames);
    RecordTable table(to, layout.fields);
    table.append_statistics(records);
    table.append_steps(records);
    table.close();
    for (const core::Field field : layout.fields) {
        const auto out = hdf5::open_dataset(to.get(), path_of(field).c_str());
        hdf5::resize(out,
                     frame_shape(layout.dims, static_cast<hsize_t>(frames), layout.block.shape()));
        Chunks chunks(from.data(field));
        for (Index frame = 0; frame < frames; ++frame)
            chunks.for_each(frame, [&](const std::vector<hsize_t>& offset, const auto& bytes) {
                hdf5::write_chunk(out, offset, bytes);
            });
    }
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

} // namespace

Proven prove_frames(const fs::path& path, Index limit) {
    Proven proven;
    try {
        const DamagedFile file({.path = path});
        const FramesLook look = look_at_fields(file.reader().file());
        proven.opens = true;
        layout_of(file, file.state());
        auto frames = static_cast<Index>(file.records(limit).size());
        for (const core::Field field : look.format.fields)
            frames = Chunks(file.data(field)).count_proven(frames);
        proven.frames = frames;
    } catch (const core::Error&) { // then no more is proven
    }
    return proven;
}

PartState look_inside(PartState part) {
    try {
        return DamagedFile(part).state();
    } catch (const core::Error&) {
        return part;
    }
}

void keep_proven(const PartState& part, Index frames) {
    const DamagedFile damaged(part);
    const PartState state = damaged.state();
    const FrameLayout layout = layout_of(damaged, state);
    NewFile fresh(part.path, true);
    create_part_skeleton(fresh.file(), layout, layout.block,
                         {.first_frame = state.first_frame,
                          .parts = state.parts,
                          .rank = state.rank,
                          .layout = state.layout});
    copy_launches(damaged.reader(), fresh.file());
    copy_frames(damaged, fresh.file(), layout, frames);
    hdf5::flush_file(fresh.file());
    hdf5::sync_file(fresh.unfinished());
    give_second_name(part.path, name_aside(part.path));
    fresh.close();
    hdf5::sync_file(part.path);
    core::sync_directory(folder_of(part.path));
}

fs::path name_aside(const fs::path& path) {
    for (int number = 1;; ++number) {
        fs::path name = path;
        name += ".damaged";
        if (number > 1) name += std::to_string(number);
        std::error_code failed;
        if (!fs::exists(fs::symlink_status(name, failed)) || fs::equivalent(path, name, failed))
            return name;
    }
}

void set_aside(const fs::path& path) {
    const fs::path name = name_aside(path);
    std::error_code failed;
    // A second name, given before a kill: rename() would leave both.
    if (fs::exists(fs::symlink_status(name, failed)))
        fs::remove(path, failed);
    else
        fs::rename(path, name, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot rename file", .where = path.native(), .why = failed.message()});
    core::sync_directory(folder_of(path));
}

} // namespace morphogen::store
