#include "store/shared_sink.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/skeleton.hpp"

#include <string>
#include <utility>

namespace morphogen::store {

using core::Index;

void check_shared_codec(const codec::Codec& codec) {
    if (codec.compressor == codec::Compressor::none ||
        codec.compressor == codec::Compressor::deflate)
        return;
    const std::string name = codec::to_string(codec);
    throw core::UsageError(
        core::ErrorText{.what = "codec cannot be written to a shared file",
                        .where = "output.codec = \"" + name + "\"",
                        .why = "layout \"shared\" compresses by HDF5's own filters",
                        .advice = "choose \"none\" or \"deflate:LEVEL\", or layout \"parts\""});
}

SharedSink::SharedSink(const config::Config& config, const std::filesystem::path& path,
                       const FrameLayout& layout, const Provenance& provenance,
                       mpi::Communicator comm)
    : stored_(path), path_(path), sync_(config.output.sync), layout_(layout),
      comm_(std::move(comm)),
      file_(hdf5::create_file(path, hdf5::file_creation(),
                              hdf5::file_access_mpi(comm_.native(), config.mpi.hints))),
      transfer_(hdf5::collective_transfer()) {
    const core::Box whole{{0, 0, 0}, layout.global};
    create_part_skeleton(file_, layout, whole, {.layout = config::Layout::shared});
    add_launch(file_, provenance);
    hdf5::flush_file(file_);
    records_ = RecordTable(file_, layout.fields,
                           comm_.is_root() ? Writers::collective : Writers::listening);
    for (const core::Field field : layout_.fields)
        fields_.push_back(
            hdf5::open_dataset(file_.get(), std::string(core::name_of(field)).c_str()));
}

void SharedSink::begin_frame(const FrameRecord& record) {
    MORPHOGEN_EXPECT(record.number == begun_);
    ++begun_;
    ended_.push_back(record);
    const auto shape = frame_shape(layout_.dims, static_cast<hsize_t>(begun_), layout_.global);
    for (const hdf5::Dataset& field : fields_)
        hdf5::resize(field, shape);
}

void SharedSink::put_chunk(std::size_t, Index, std::span<const std::byte>) {
    MORPHOGEN_EXPECT(takes_chunks()); // with MPI-IO, H5Dwrite_chunk corrupts silently or hangs
}

void SharedSink::put_frame(const Frame& frame) {
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

void SharedSink::end_frame() {}

void SharedSink::commit() {
    if (ended_.empty()) return;
    records_.append_statistics(ended_);
    records_.append_steps(ended_);
    ended_.clear();
    hdf5::flush_file(file_);
    if (sync_ == config::Sync::frame) sync();
}

void SharedSink::publish(Index) {}

void SharedSink::close() {
    commit();
    const std::uint64_t stored = stored_in_file(); // by all: reading metadata may be collective
    if (comm_.is_root()) bytes_stored_ = stored;
    for (hdf5::Dataset& field : fields_)
        field.close();
    records_.close();
    file_.close();
    if (sync_ == config::Sync::never) return;
    sync();
    if (comm_.is_root()) core::sync_directory(path_.parent_path());
}

void SharedSink::abandon() noexcept {
    for (hdf5::Dataset& field : fields_)
        field.release();
    records_.release();
    file_.release();
}

/// Each rank pushes what its node still holds of the file.
void SharedSink::sync() {
    const core::Stopwatch watch;
    hdf5::sync_file(path_);
    sync_seconds_ += watch.seconds();
}

std::uint64_t SharedSink::stored_in_file() const {
    std::uint64_t bytes = 0;
    for (const hdf5::Dataset& field : fields_)
        bytes += hdf5::stored_bytes(field);
    return bytes;
}

} // namespace morphogen::store
