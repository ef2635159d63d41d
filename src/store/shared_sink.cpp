#include "store/shared_sink.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/schema.hpp"

#include "store/master_file.hpp"
#include "store/part_move.hpp"

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

SharedSink::SharedSink(const config::Config& config, RunDirectory directory,
                       const FrameLayout& layout, const Provenance& provenance,
                       mpi::Communicator comm, SinkStart start)
    : directory_(std::move(directory)), sync_(config.output.sync),
      frames_per_file_(config.output.frames_per_file), mpi_(config.mpi), layout_(layout),
      provenance_(provenance), comm_(std::move(comm)), start_(std::move(start)),
      launch_is_noted_(!start_.resumed), stored_(directory_.frames()), committed_(start_.kept) {
    if (!start_.resumed) open_segment(0); // what is wrong with the place is seen at once
}

void SharedSink::open_segment(Index first_frame) {
    const bool is_part = start_.number > 0 || start_.is_virtual;
    if (is_part) {
        if (comm_.is_root()) make_directory(directory_.parts());
        comm_.barrier();
    }
    file_ = std::make_unique<SharedFile>(
        is_part ? directory_.part(start_.number, 0) : directory_.frames(), mpi_, layout_,
        PartPlace{.first_frame = first_frame, .layout = config::Layout::shared}, provenance_,
        comm_);
}

/// Closed by all, on the disk by all, then presented by one.
void SharedSink::end_segment() {
    commit();
    if (!file_ || file_->flushed() == file_->first_frame()) return;
    const std::uint64_t bytes = file_->close();
    if (comm_.is_root()) bytes_stored_ += bytes;
    if (sync_ != config::Sync::never) sync(file_->path());
    comm_.barrier();
    start_.closed.push_back({file_->first_frame(),
                             {{schema::part_name(start_.number, 0), {{0, 0, 0}, layout_.global}}}});
    if (comm_.is_root()) {
        file_->give_name();
        present(file_->records());
    }
    committed_ = file_->flushed();
    ++start_.number;
    file_.reset();
}

void SharedSink::present(const std::vector<FrameRecord>& records) {
    if (start_.number == 0 && !start_.is_virtual) {
        if (sync_ != config::Sync::never) core::sync_directory(directory_.root);
        return; // it is frames.h5
    }
    MasterStart master{.segments = start_.closed, .records = records_of(directory_)};
    master.records.resize(static_cast<std::size_t>(committed_));
    master.records.insert(master.records.end(), records.begin(), records.end());
    if (!std::exchange(launch_is_noted_, true)) master.launch = provenance_;
    if (sync_ != config::Sync::never) core::sync_directory(directory_.parts());
    replace_frames_file(directory_, sync_, layout_, std::move(master), !start_.is_virtual)->close();
    start_.is_virtual = true;
}

void SharedSink::begin_frame(const FrameRecord& record) {
    stored_.close();
    if (!file_) open_segment(record.number);
    file_->begin_frame(record);
}

void SharedSink::put_chunk(std::size_t, Index, std::span<const std::byte>) {
    MORPHOGEN_EXPECT(takes_chunks()); // with MPI-IO, H5Dwrite_chunk corrupts silently or hangs
}

void SharedSink::put_frame(const Frame& frame) {
    file_->put_frame(frame);
}

void SharedSink::end_frame() {
    if (frames_per_file_ > 0 && file_->begun() - file_->first_frame() >= frames_per_file_)
        end_segment();
}

void SharedSink::commit() {
    if (file_ && file_->commit() && sync_ == config::Sync::frame) sync(file_->path());
}

void SharedSink::close() {
    stored_.close();
    end_segment();
    if (!file_) return;
    file_->close(); // the first segment of a run that stored nothing
    comm_.barrier();
    if (comm_.is_root()) file_->give_name();
    file_.reset();
}

void SharedSink::abandon() noexcept {
    stored_.close();
    if (file_) file_->abandon();
}

/// Each rank pushes what its node still holds of the file.
void SharedSink::sync(const std::filesystem::path& path) {
    const core::Stopwatch watch;
    hdf5::sync_file(path);
    sync_seconds_ += watch.seconds();
}

} // namespace morphogen::store
