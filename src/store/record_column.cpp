#include "store/record_column.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>

namespace morphogen::store {
namespace {

using core::Index;
using OneAxis = std::array<hsize_t, 1>;

// The datasets' types are little-endian, and chunks are put as they lie in memory.
static_assert(std::endian::native == std::endian::little);

OneAxis one(Index n) {
    return {static_cast<hsize_t>(n)};
}

constexpr hsize_t longest_chunk = 8192; // values: what each commit writes anew

/// Values per chunk; 0 where they are not stored as a run stores them.
Index chunk_length(const hdf5::Dataset& dataset, hid_t type) {
    const hdf5::Properties creation = hdf5::creation_of(dataset);
    OneAxis chunk{};
    // None of these calls fails on a dataset that is open: they say no.
    if (hdf5::shape_of(dataset).size() != 1 || H5Tequal(hdf5::type_of(dataset).get(), type) <= 0 ||
        H5Pget_layout(creation.get()) != H5D_CHUNKED || H5Pget_nfilters(creation.get()) != 0 ||
        H5Pget_chunk(creation.get(), 1, chunk.data()) != 1 || chunk[0] > longest_chunk)
        return 0;
    return static_cast<Index>(chunk[0]);
}

} // namespace

bool RecordColumn::can_append_to(const hdf5::Dataset& dataset, hid_t type) {
    return chunk_length(dataset, type) > 0;
}

RecordColumn::RecordColumn(hdf5::Dataset dataset, hid_t type, Writers writers)
    : dataset_(std::move(dataset)), type_(type), writers_(writers),
      length_(static_cast<Index>(hdf5::shape_of(dataset_).front())) {
    if (writers_ != Writers::alone) return;
    chunk_.resize(static_cast<std::size_t>(chunk_length(dataset_, type_)));
    if (chunk_.empty())
        throw core::Error(core::ErrorText{
            .what = "a column of the run cannot be appended to",
            .where = hdf5::describe({.object = dataset_.get()}),
            .why = "it is not stored in chunks of at most 64 KiB of little-endian 64-bit numbers "
                   "without filters",
            .advice = "use the file that the run wrote, not one that was rewritten"});
    const hdf5::Properties creation = hdf5::creation_of(dataset_);
    hdf5::call("H5Pget_fill_value", {.object = dataset_.get()},
               [&] { return H5Pget_fill_value(creation.get(), type_, &fill_); });
    hdf5::hold_metadata(dataset_);
}

void RecordColumn::write(Index first, std::span<const std::uint64_t> values) {
    const Index end = first + static_cast<Index>(values.size());
    if (end > length_) {
        hdf5::resize(dataset_, one(end));
        length_ = end;
    }
    if (writers_ == Writers::alone)
        write_chunks(first, values);
    else
        write_together(first, values);
}

void RecordColumn::write_chunks(Index first, std::span<const std::uint64_t> values) {
    const auto size = static_cast<Index>(chunk_.size());
    while (!values.empty()) {
        const Index chunk = first / size;
        if (chunk != loaded_) load(chunk);
        const auto at = static_cast<std::size_t>(first - chunk * size);
        const auto here = values.first(std::min(values.size(), chunk_.size() - at));
        std::ranges::copy(here, chunk_.begin() + static_cast<std::ptrdiff_t>(at));
        hdf5::write_chunk(dataset_, one(chunk * size), std::as_bytes(std::span(chunk_)));
        values = values.subspan(here.size());
        first += static_cast<Index>(here.size());
    }
}

/// Into chunk_, which is filled up to its end.
void RecordColumn::load(Index chunk) {
    const auto size = static_cast<Index>(chunk_.size());
    loaded_ = -1; // until it is read
    std::ranges::fill(chunk_, fill_);
    const Index stored = std::min(length_ - chunk * size, size);
    const hdf5::Space memory = hdf5::simple_space(one(stored));
    const hdf5::Space file = hdf5::space_of(dataset_);
    hdf5::select_box(file, one(chunk * size), one(stored));
    hdf5::read(dataset_, type_, memory, file, chunk_.data());
    loaded_ = chunk;
}

void RecordColumn::write_together(Index first, std::span<const std::uint64_t> values) const {
    const auto count = one(static_cast<Index>(values.size()));
    const hdf5::Space memory = hdf5::simple_space(count);
    const hdf5::Space file = hdf5::space_of(dataset_);
    hdf5::select_box(file, one(first), count);
    if (writers_ == Writers::listening) {
        hdf5::select_none(memory);
        hdf5::select_none(file);
    }
    hdf5::write(dataset_, type_, memory, file, values.data(), hdf5::collective_transfer().get());
}

} // namespace morphogen::store
