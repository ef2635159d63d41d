#include "store/chunk_sink.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/store/schema.hpp"

#include "store/file_update.hpp"
#include "store/part_move.hpp"

#include <algorithm>
#include <utility>

namespace morphogen::store {

using core::Index;

namespace {

core::Durability durability(config::Sync sync) {
    return sync == config::Sync::never ? core::Durability::none : core::Durability::synced;
}

} // namespace

ChunkSink::ChunkSink(SinkFiles files, const FrameLayout& layout, const Provenance& provenance,
                     SinkStart start)
    : files_(std::move(files)), layout_(layout), provenance_(provenance), start_(std::move(start)),
      stored_(files_.directory.frames()), segments_(start_.closed), number_(start_.number),
      committed_(start_.kept) {
    segments_.push_back(segment(number_, start_.first_frame));
    const std::filesystem::path path = first_path();
    if (!start_.goes_on) {
        part_ = std::make_unique<PartFile>(path, files_.sync, layout_, place(start_.first_frame),
                                           provenance_);
        return;
    }
    // Nothing can be added to a file once it is open for SWMR.
    update_file(path, durability(files_.sync),
                [&](const hdf5::File& file) { add_launch(file, provenance_); });
    part_ = std::make_unique<PartFile>(path, files_.sync, layout_, start_.first_frame, start_.kept);
}

/// The only rank writes its first segment to frames.h5 itself.
bool ChunkSink::has_master() const noexcept {
    return !is_alone() || number_ > 0 || start_.is_virtual;
}

std::filesystem::path ChunkSink::first_path() const {
    return has_master() ? files_.directory.part(number_, files_.rank) : files_.directory.frames();
}

PartPlace ChunkSink::place(Index first_frame) const {
    return {.first_frame = first_frame,
            .parts = static_cast<Index>(files_.blocks.size()),
            .rank = files_.rank};
}

Segment ChunkSink::segment(Index number, Index first_frame) const {
    Segment segment{first_frame, {}};
    for (std::size_t rank = 0; rank < files_.blocks.size(); ++rank)
        segment.parts.push_back(
            {schema::part_name(number, static_cast<int>(rank)), files_.blocks[rank]});
    return segment;
}

void ChunkSink::open_master() {
    if (files_.rank != 0 || !has_master()) return;
    MasterStart start{.segments = segments_, .launch = provenance_};
    if (start_.kept > 0) {
        start.records = records_of(files_.directory);
        start.records.resize(static_cast<std::size_t>(start_.kept));
    }
    make_master(std::move(start));
}

void ChunkSink::give_up() noexcept {
    try {
        close();
    } catch (...) { // as after a kill, then
        abandon();
    }
}

void ChunkSink::make_master(MasterStart start) {
    master_ = replace_frames_file(files_.directory, files_.sync, layout_, std::move(start),
                                  !start_.is_virtual);
    start_.is_virtual = true;
}

/// The next segment is presented as well.
void ChunkSink::renew_master() {
    if (master_) {
        closed_sync_seconds_ += master_->sync_seconds();
        master_->close();
        master_.reset();
    }
    segments_.push_back(std::move(begun_.front()));
    begun_.erase(begun_.begin());
    make_master({.segments = segments_, .records = records_of(files_.directory)});
}

void ChunkSink::begin_segment(Index first_frame) {
    commit();
    part_->close();
    closed_bytes_ += part_->bytes_stored();
    closed_sync_seconds_ += part_->sync_seconds();
    begun_.push_back(segment(++number_, first_frame));
    make_directory(files_.directory.parts());
    part_ = std::make_unique<PartFile>(files_.directory.part(number_, files_.rank), files_.sync,
                                       layout_, place(first_frame), provenance_);
}

void ChunkSink::begin_frame(const FrameRecord& record) {
    stored_.close();
    if (files_.frames_per_file > 0 &&
        record.number - part_->first_frame() >= files_.frames_per_file)
        begin_segment(record.number);
    part_->begin_frame(record);
}

void ChunkSink::put_chunk(std::size_t field, Index chunk, std::span<const std::byte> stored) {
    part_->put_chunk(field, chunk, stored);
}

void ChunkSink::put_frame(const Frame&) {
    MORPHOGEN_EXPECT(takes_chunks() == false);
}

void ChunkSink::commit() {
    const auto counted = part_->commit();
    if (is_alone() && !master_ && begun_.empty()) {
        committed_ = part_->flushed(); // its /step is the one that counts
        return;
    }
    if (files_.rank == 0) unpublished_.insert(unpublished_.end(), counted.begin(), counted.end());
    if (is_alone()) publish(part_->flushed());
}

void ChunkSink::secure() {
    commit();
    part_->sync();
    if (master_) master_->sync();
}

void ChunkSink::publish(Index frames) {
    if (frames <= committed_) return;
    MORPHOGEN_EXPECT(frames <= flushed());
    if (files_.rank == 0) {
        while (!begun_.empty() && frames > begun_.front().first_frame) {
            append_to_master(begun_.front().first_frame);
            renew_master();
        }
        append_to_master(frames);
    }
    committed_ = frames;
}

/// Up to @p frames frames in all.
void ChunkSink::append_to_master(Index frames) {
    if (frames <= committed_) return;
    const auto count = static_cast<std::ptrdiff_t>(frames - committed_);
    master_->append(std::span(unpublished_).first(static_cast<std::size_t>(count)));
    unpublished_.erase(unpublished_.begin(), unpublished_.begin() + count);
    committed_ = frames;
}

void ChunkSink::close() {
    stored_.close();
    commit();
    part_->close();
    if (master_) master_->close();
}

void ChunkSink::abandon() noexcept {
    stored_.close();
    if (part_) part_->abandon();
    if (master_) master_->abandon();
}

std::uint64_t ChunkSink::bytes_stored() const noexcept {
    return closed_bytes_ + (part_ ? part_->bytes_stored() : 0);
}

double ChunkSink::sync_seconds() const noexcept {
    return closed_sync_seconds_ + (part_ ? part_->sync_seconds() : 0.0) +
           (master_ ? master_->sync_seconds() : 0.0);
}

} // namespace morphogen::store
