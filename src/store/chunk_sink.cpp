#include "store/chunk_sink.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include <array>
#include <string>

namespace morphogen::store {

using core::Index;

MasterFile::MasterFile(const std::filesystem::path& path, config::Sync sync,
                       const FrameLayout& layout, const std::vector<PartSource>& parts,
                       const Provenance& provenance)
    : file_(path, sync,
            [&](const hdf5::File& file) {
                const core::Box whole{{0, 0, 0}, layout.global};
                create_skeleton(file, layout, whole, parts, provenance);
            }),
      records_(file_.file(), layout.fields) {}

void MasterFile::append(std::span<const FrameRecord> records) {
    records_.append_statistics(records);
    file_.flush();
    records_.append_steps(records);
    file_.flush();
    file_.sync_commit();
}

void MasterFile::close() {
    records_.close();
    file_.close();
}

ChunkSink::ChunkSink(const std::filesystem::path& path, config::Sync sync,
                     const FrameLayout& layout, const Provenance& provenance, Counting counting)
    : layout_(layout), counting_(counting),
      file_(path, sync,
            [&](const hdf5::File& file) {
                create_skeleton(file, layout, layout.block, {}, provenance);
            }),
      records_(file_.file(), layout.fields) {
    const hdf5::Properties access = hdf5::uncached_dataset();
    for (const core::Field field : layout_.fields)
        fields_.push_back(hdf5::open_dataset(file_.file().get(),
                                             std::string(core::name_of(field)).c_str(), access));
}

void ChunkSink::begin_frame(const FrameRecord& record) {
    MORPHOGEN_EXPECT(record.number == begun_ && chunks_missing_ == 0);
    hold();
    ++begun_;
    for (const hdf5::Dataset& field : fields_)
        hdf5::resize(
            field, frame_shape(layout_.dims, static_cast<hsize_t>(begun_), layout_.block.shape()));
    ended_.push_back(record);
    chunks_missing_ = layout_.chunks() * static_cast<Index>(fields_.size());
}

void ChunkSink::put_chunk(std::size_t field, Index chunk, std::span<const std::byte> stored) {
    MORPHOGEN_EXPECT(field < fields_.size() && chunk < layout_.chunks() && chunks_missing_ > 0);
    const core::Box box = layout_.chunk_box(chunk);
    std::array<hsize_t, 4> offset{static_cast<hsize_t>(begun_ - 1)};
    const auto dims = static_cast<std::size_t>(layout_.dims);
    for (std::size_t i = 0; i < dims; ++i)
        offset[1 + i] = static_cast<hsize_t>(box.lo[3 - dims + i]);
    hdf5::write_chunk(fields_[field], std::span<const hsize_t>(offset).first(1 + dims), stored);
    bytes_stored_ += stored.size();
    --chunks_missing_;
}

void ChunkSink::put_frame(const Frame&) {
    MORPHOGEN_EXPECT(takes_chunks() == false);
}

void ChunkSink::end_frame() {
    MORPHOGEN_EXPECT(chunks_missing_ == 0);
}

void ChunkSink::commit() {
    MORPHOGEN_EXPECT(chunks_missing_ == 0);
    if (ended_.empty()) return;
    let_go();
    records_.append_statistics(ended_);
    file_.flush(); // the frames, before /step counts them
    records_.append_steps(ended_);
    file_.flush();
    file_.sync_commit();
    if (counting_ == Counting::alone) committed_ = records_.size();
    if (master_) unpublished_.insert(unpublished_.end(), ended_.begin(), ended_.end());
    ended_.clear();
}

void ChunkSink::publish(Index frames) {
    if (counting_ == Counting::alone || frames <= committed_) return;
    MORPHOGEN_EXPECT(frames <= flushed());
    if (master_) {
        const auto count = frames - committed_;
        master_->append(std::span(unpublished_).first(static_cast<std::size_t>(count)));
        unpublished_.erase(unpublished_.begin(), unpublished_.begin() + count);
    }
    committed_ = frames;
}

void ChunkSink::close() {
    commit();
    for (hdf5::Dataset& field : fields_)
        field.close();
    records_.close();
    file_.close();
    if (master_) master_->close();
}

void ChunkSink::abandon() noexcept {
    file_.abandon();
    if (master_) master_->abandon();
}

double ChunkSink::sync_seconds() const noexcept {
    return file_.sync_seconds() + (master_ ? master_->sync_seconds() : 0.0);
}

void ChunkSink::hold() {
    if (held_) return;
    for (const hdf5::Dataset& field : fields_)
        hdf5::hold_metadata(field);
    held_ = true;
}

void ChunkSink::let_go() {
    if (!held_) return;
    for (const hdf5::Dataset& field : fields_)
        hdf5::let_metadata_go(field);
    held_ = false;
}

} // namespace morphogen::store
