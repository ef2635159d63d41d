#include "store/part_file.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include <algorithm>
#include <string>

namespace morphogen::store {

using core::Index;

PartFile::PartFile(const std::filesystem::path& path, config::Sync sync, const FrameLayout& layout,
                   const PartPlace& place, const Provenance& provenance)
    : layout_(layout), first_(place.first_frame),
      file_(path, sync,
            [&](const hdf5::File& file) {
                create_part_skeleton(file, layout, layout.block, place);
                add_launch(file, provenance);
            }),
      records_(file_.file(), layout.fields) {
    open_fields();
}

PartFile::PartFile(const std::filesystem::path& path, config::Sync sync, const FrameLayout& layout,
                   Index first_frame, Index kept)
    : layout_(layout), first_(first_frame), file_(path, sync),
      records_(file_.file(), layout.fields), begun_(kept - first_frame) {
    records_.keep(begun_);
    open_fields();
}

void PartFile::open_fields() {
    const hdf5::Properties access = hdf5::uncached_dataset();
    for (const core::Field field : layout_.fields) {
        fields_.push_back(hdf5::open_dataset(file_.file().get(),
                                             std::string(core::name_of(field)).c_str(), access));
        extent_ = std::max(extent_, static_cast<Index>(hdf5::shape_of(fields_.back()).front()));
    }
}

void PartFile::begin_frame(const FrameRecord& record) {
    MORPHOGEN_EXPECT(record.number == first_ + begun_ && chunks_missing_ == 0);
    ++begun_;
    ended_.push_back(record);
    chunks_missing_ = layout_.chunks() * static_cast<Index>(fields_.size());
}

ChunkAppender* PartFile::appender() noexcept {
    return file_.appends() ? &file_.end() : nullptr;
}

void PartFile::put_chunk(std::size_t field, Index chunk, std::span<const std::byte> stored) {
    if (file_.appends()) {
        put_appended(field, chunk, file_.end().append(stored));
        return;
    }
    const auto lock = file_.end().lock();
    enlarge();
    hdf5::write_chunk(fields_[field], offset_of(chunk), stored);
    count_chunk(stored.size());
}

void PartFile::put_appended(std::size_t field, Index chunk, ChunkPlace place) {
    MORPHOGEN_EXPECT(field < fields_.size() && chunk < layout_.chunks() && chunks_missing_ > 0);
    appended_.push_back({field, chunk, place});
    count_chunk(place.bytes);
}

/// All that HDF5 does for a frame, it does at once: its code and its metadata have left the caches
/// by the next frame.
void PartFile::end_frame() {
    MORPHOGEN_EXPECT(chunks_missing_ == 0);
    const auto lock = file_.end().lock();
    const hdf5::QuietErrors quiet; // once for all the calls
    enlarge();
    for (const auto& [field, chunk, place] : appended_)
        file_.end().enter_chunk(fields_[field], offset_of(chunk), place);
    appended_.clear();
}

std::span<const FrameRecord> PartFile::commit() {
    MORPHOGEN_EXPECT(chunks_missing_ == 0);
    counted_.clear();
    if (ended_.empty()) return counted_;
    count_ended();
    file_.end_commit();
    counted_.swap(ended_);
    return counted_;
}

void PartFile::count_ended() {
    const auto lock = file_.end().lock();
    const hdf5::QuietErrors quiet; // once for all the calls
    let_go();
    records_.append_statistics(ended_);
    file_.flush(); // the frames, before /step counts them
    records_.append_steps(ended_);
    file_.flush();
}

/// By the frame that is being written.
void PartFile::enlarge() {
    hold();
    extent_ = std::max(extent_, begun_);
    for (const hdf5::Dataset& field : fields_)
        hdf5::resize(
            field, frame_shape(layout_.dims, static_cast<hsize_t>(extent_), layout_.block.shape()));
}

void PartFile::close() {
    MORPHOGEN_EXPECT(ended_.empty());
    close_datasets();
    file_.close();
}

void PartFile::close_datasets() {
    const auto lock = file_.end().lock();
    for (hdf5::Dataset& field : fields_)
        field.close();
    records_.close();
}

/// In elements, of a chunk of the frame that is being written.
std::vector<hsize_t> PartFile::offset_of(Index chunk) const {
    const core::Box box = layout_.chunk_box(chunk);
    const auto dims = static_cast<std::size_t>(layout_.dims);
    std::vector<hsize_t> offset{static_cast<hsize_t>(begun_ - 1)};
    for (std::size_t i = 3 - dims; i < 3; ++i)
        offset.push_back(static_cast<hsize_t>(box.lo[i]));
    return offset;
}

void PartFile::count_chunk(std::size_t bytes) {
    MORPHOGEN_EXPECT(chunks_missing_ > 0);
    bytes_stored_ += bytes;
    --chunks_missing_;
}

void PartFile::hold() {
    if (held_) return;
    for (const hdf5::Dataset& field : fields_)
        hdf5::hold_metadata(field);
    held_ = true;
}

void PartFile::let_go() {
    if (!held_) return;
    for (const hdf5::Dataset& field : fields_)
        hdf5::let_metadata_go(field);
    held_ = false;
}

} // namespace morphogen::store
