#include "store/part_file.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include <algorithm>
#include <array>
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
        // For good: a flush writes them all the same, and the cache may drop what is written.
        hdf5::hold_metadata(fields_.back());
    }
}

void PartFile::begin_frame(const FrameRecord& record) {
    MORPHOGEN_EXPECT(record.number == first_ + begun_ && chunks_missing_ == 0);
    ++begun_;
    extent_ = std::max(extent_, begun_);
    for (const hdf5::Dataset& field : fields_)
        hdf5::resize(
            field, frame_shape(layout_.dims, static_cast<hsize_t>(extent_), layout_.block.shape()));
    ended_.push_back(record);
    chunks_missing_ = layout_.chunks() * static_cast<Index>(fields_.size());
}

void PartFile::put_chunk(std::size_t field, Index chunk, std::span<const std::byte> stored) {
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

void PartFile::end_frame() const {
    MORPHOGEN_EXPECT(chunks_missing_ == 0);
}

std::span<const FrameRecord> PartFile::commit() {
    MORPHOGEN_EXPECT(chunks_missing_ == 0);
    counted_.clear();
    if (ended_.empty()) return counted_;
    records_.commit(ended_, file_);
    counted_.swap(ended_);
    return counted_;
}

void PartFile::close() {
    MORPHOGEN_EXPECT(ended_.empty());
    for (hdf5::Dataset& field : fields_)
        field.close();
    records_.close();
    file_.close();
}

} // namespace morphogen::store
