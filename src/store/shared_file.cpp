#include "store/shared_file.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/new_file.hpp"

#include <string>
#include <system_error>

namespace morphogen::store {

SharedFile::SharedFile(const std::filesystem::path& path, const config::Mpi& mpi,
                       const FrameLayout& layout, const PartPlace& place,
                       const Provenance& provenance, const mpi::Communicator& comm)
    : path_(path), opened_as_(unfinished_path(path)), layout_(layout), first_(place.first_frame),
      file_(hdf5::create_file(opened_as_, hdf5::file_creation(),
                              hdf5::file_access_mpi(comm.native(), mpi.hints))),
      transfer_(hdf5::collective_transfer()) {
    create_part_skeleton(file_, layout, {{0, 0, 0}, layout.global}, place);
    add_launch(file_, provenance);
    hdf5::flush_file(file_);
    records_ = RecordTable(file_, layout.fields,
                           comm.is_root() ? Writers::collective : Writers::listening);
    for (const core::Field field : layout_.fields)
        fields_.push_back(
            hdf5::open_dataset(file_.get(), std::string(core::name_of(field)).c_str()));
}

void SharedFile::begin_frame(const FrameRecord& record) {
    MORPHOGEN_EXPECT(record.number == begun());
    ++begun_;
    ended_.push_back(record);
    const auto shape = frame_shape(layout_.dims, static_cast<hsize_t>(begun_), layout_.global);
    for (const hdf5::Dataset& field : fields_)
        hdf5::resize(field, shape);
}

void SharedFile::put_frame(const Frame& frame) {
    const auto count = frame_shape(layout_.dims, 1, layout_.block.shape());
    const auto start =
        frame_shape(layout_.dims, static_cast<hsize_t>(begun_ - 1), layout_.block.lo);
    const hdf5::Space memory = hdf5::simple_space(count);
    const std::byte* cells = frame.cells.data();
    for (const hdf5::Dataset& field : fields_) {
        const hdf5::Space file = hdf5::space_of(field);
        hdf5::select_box(file, start, count);
        hdf5::write(field, file_type(layout_.precision), memory, file, cells, transfer_.get());
        cells += layout_.field_bytes();
    }
}

bool SharedFile::commit() {
    if (ended_.empty()) return false;
    records_.append(ended_);
    counted_.insert(counted_.end(), ended_.begin(), ended_.end());
    ended_.clear();
    hdf5::flush_file(file_);
    return true;
}

std::uint64_t SharedFile::close() {
    MORPHOGEN_EXPECT(ended_.empty());
    std::uint64_t bytes = 0; // by all: reading metadata may be collective
    for (const hdf5::Dataset& field : fields_)
        bytes += hdf5::stored_bytes(field);
    for (hdf5::Dataset& field : fields_)
        field.close();
    records_.close();
    file_.close();
    return bytes;
}

void SharedFile::give_name() const {
    std::error_code failed;
    std::filesystem::rename(opened_as_, path_, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot rename file", .where = opened_as_.native(), .why = failed.message()});
}

void SharedFile::abandon() noexcept {
    for (hdf5::Dataset& field : fields_)
        field.release();
    records_.release();
    file_.release();
}

} // namespace morphogen::store
