#include "rework/gather_job.hpp"

#include "morphogen/core/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace morphogen::rework {
namespace {

using core::Index;

std::string describe(const store::SmallDataset& data) {
    return fmt::format("{} [{}]", name_of(data.type), fmt::join(data.shape, ", "));
}

} // namespace

GatherJob::GatherJob(const FileList& files, const GatherGroups& groups, const GatherShape& shape,
                     const GatherOptions& options, SlabWriter& writer, int threads)
    : files_(files), groups_(groups), shape_(shape), options_(options), writer_(writer) {
    for (int i = 0; i < threads; ++i)
        decoders_.emplace_back(shape.largest_input_chunk());
    if (options.reduction != Reduction::stack)
        reducer_.emplace(options.reduction, shape.item.type,
                         shape.item_bytes() / bytes_of(shape.item.type));
}

GatherJob::Row GatherJob::row_of(std::uint64_t number) const {
    const std::uint64_t group = groups_.group_of(number);
    const auto rows = static_cast<std::uint64_t>(shape_.slab_rows);
    const auto row_in = [&](std::uint64_t row, std::uint64_t of, std::uint64_t slabs_before) {
        const std::uint64_t first = row / rows * rows;
        return Row{group, slabs_before + row / rows, static_cast<Index>(first),
                   static_cast<Index>(std::min(rows, of - first)), static_cast<Index>(row - first)};
    };
    if (reducer_) return row_in(group, groups_.size(), 0);
    const std::uint64_t slabs_per_group = (groups_.largest_group + rows - 1) / rows;
    return row_in(number - groups_.begins[group], groups_.files(group), group * slabs_per_group);
}

bool GatherJob::ready(std::uint64_t number) const {
    if (number >= files_.size() || writer_.has_free_slab()) return true;
    return slab_ && row_of(number).slab == slab_number_;
}

void GatherJob::begin(std::uint64_t number, Value& value) {
    const Row row = row_of(number);
    if (!slab_ || row.slab != slab_number_) {
        slab_ = &writer_.take_slab(row.group, row.first, row.count);
        slab_number_ = row.slab;
    }
    value.slab = slab_;
    value.row = row.row;
    value.found.chunks.clear();
    if (!reducer_) {
        value.values = writer_.row(*slab_, row.row);
        return;
    }
    if (number == groups_.begins[row.group]) group_rows_.emplace_back(slab_, row.row);
    if (value.own.empty()) value.own = core::AlignedBuffer<std::byte>(shape_.item_bytes());
    value.values = value.own.span();
}

void GatherJob::open(ReadFile& file, Value& value) {
    if (options_.raw)
        open_raw(file, value);
    else
        open_hdf5(file, value);
}

void GatherJob::open_raw(ReadFile& file, Value& value) const {
    const std::uint64_t bytes = shape_.item_bytes();
    if (file.bytes.size() != bytes)
        throw core::Error(
            core::ErrorText{.what = "file of another size",
                            .where = file.path->native(),
                            .why = fmt::format("it has {} bytes, {} has {}", file.bytes.size(),
                                               describe(shape_.item), bytes)});
    value.found = shape_.item;
    value.found.swapped = options_.raw->type.swapped;
    value.found.chunks.push_back({.offset = 0, .length = bytes, .filter_mask = 0, .origin = {}});
}

void GatherJob::open_hdf5(ReadFile& file, Value& value) {
    // A run that goes on has more frames by now than when its item's shape was taken.
    const bool is_first = file.path->native() == shape_.first_file && !shape_.item.shape.empty();
    value.found =
        images_.find(file.bytes.span(), *file.path, shape_.dataset,
                     is_first ? shape_.item.shape.front() : std::numeric_limits<Index>::max());
    if (value.found.shape != shape_.item.shape || value.found.type != shape_.item.type) {
        const std::string where = fmt::format("{}, {}", file.path->native(), shape_.dataset);
        throw core::Error(
            core::ErrorText{.what = "dataset of another shape or type",
                            .where = where,
                            .why = fmt::format("it is {}, that of the first file {}",
                                               describe(value.found), describe(shape_.item))});
    }
    if (value.found.chunks.empty())
        images_.read(file.bytes.span(), *file.path, shape_.dataset, value.found, value.values);
    if (value.found.left_out > 0 && options_.note)
        options_.note(fmt::format("left out of {}, {}: {} frame(s) after the last committed one",
                                  file.path->native(), shape_.dataset, value.found.left_out));
}

void GatherJob::map(ReadFile& file, Value& value, int thread) {
    if (value.found.chunks.empty()) return;
    try {
        decoders_[static_cast<std::size_t>(thread)].decode(value.found, file.bytes.span(),
                                                           value.values);
    } catch (const core::Error& error) {
        const std::string where = fmt::format("{}, {}", file.path->native(), shape_.dataset);
        throw core::Error(
            core::ErrorText{.what = "cannot decode dataset", .where = where, .why = error.what()});
    }
}

void GatherJob::reduce(std::uint64_t, Value& value, Results<SlabChunk>& results) {
    if (reducer_)
        reducer_->add(value.values);
    else
        writer_.complete_row(*value.slab, results);
    delivered(value);
}

void GatherJob::failed(ReadFile&, const core::Error& error, Value& value,
                       Results<SlabChunk>& results) {
    if (options_.on_error == OnError::stop) throw error;
    ++failures_;
    if (options_.note) options_.note(error.what());
    if (!reducer_) {
        writer_.fill(value.values);
        writer_.complete_row(*value.slab, results);
    }
    delivered(value);
}

void GatherJob::delivered(Value&) {
    ++done_;
    if (options_.progress) options_.progress(done_, static_cast<Index>(files_.size()));
}

void GatherJob::end_group(std::uint64_t, Results<SlabChunk>& results) {
    if (!reducer_) return;
    const auto [slab, row] = group_rows_.front();
    group_rows_.pop_front();
    if (reducer_->count() > 0)
        reducer_->finish(writer_.row(*slab, row));
    else
        writer_.fill(writer_.row(*slab, row));
    writer_.complete_row(*slab, results);
}

} // namespace morphogen::rework
