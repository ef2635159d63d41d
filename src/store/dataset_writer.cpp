#include "morphogen/store/dataset_writer.hpp"

#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/hdf5/detached.hpp"

#include <algorithm>
#include <array>

namespace morphogen::store {
namespace {

using core::Dims;
using hdf5::call;

/// As far as the old one could grow, where chunks let the new one grow at all.
std::vector<hsize_t> max_shape(const DatasetReader& model, bool chunked) {
    std::vector<hsize_t> most = hdf5::sizes(model.shape());
    if (!chunked) return most;
    for (std::size_t a = 0; a < most.size(); ++a) {
        const core::Index limit = model.info().max_shape[a];
        most[a] = limit < 0 ? H5S_UNLIMITED : std::max(most[a], static_cast<hsize_t>(limit));
    }
    return most;
}

void keep_fill_value(const DatasetReader& model, const hdf5::Type& type,
                     const hdf5::Properties& creation) {
    call("H5Pset_fill_value", {},
         [&] { return H5Pset_fill_value(creation.get(), type.get(), model.fill().data()); });
}

/// The type of the old file's elements, in the new file.
hdf5::Type element_type(const DatasetReader& model) {
    const auto old = hdf5::open_dataset(model.file().file().get(), model.info().path.c_str());
    return hdf5::detached(hdf5::type_of(old));
}

} // namespace

hdf5::Dataset create_dataset_like(const DatasetReader& model, hid_t parent, const std::string& name,
                                  const StorageLayout& layout) {
    const hdf5::Type type = element_type(model);
    const bool chunked = layout.chunk.rank() > 0;
    const hdf5::Properties creation = hdf5::dataset_creation();
    if (chunked) {
        hdf5::set_chunk(creation, hdf5::sizes(layout.chunk));
        if (layout.filters) hdf5::set_filters(creation, codec::hdf5_filters(*layout.filters));
    } else { // every element is written
        call("H5Pset_fill_time", {},
             [&] { return H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER); });
    }
    keep_fill_value(model, type, creation);
    return hdf5::create_dataset(
        parent, name.c_str(), type.get(),
        hdf5::simple_space(hdf5::sizes(model.shape()), max_shape(model, chunked)), creation);
}

DatasetWriter::DatasetWriter(const hdf5::File& file, const std::string& path)
    : data_(hdf5::open_dataset(file.get(), path.c_str(), hdf5::uncached_dataset())),
      type_(hdf5::type_of(data_)) {}

void DatasetWriter::write_chunk(const Dims& lo, std::span<const std::byte> stored) {
    std::array<hsize_t, Dims::max_rank> offset{};
    std::copy(lo.begin(), lo.end(), offset.begin());
    hdf5::write_chunk(data_, std::span(offset).first(static_cast<std::size_t>(lo.rank())), stored);
}

void DatasetWriter::write_box(const core::NdBox& box, std::span<const std::byte> elements) {
    const hdf5::Space space = hdf5::space_of(data_);
    hdf5::select_box(space, hdf5::sizes(box.lo), hdf5::sizes(box.shape()));
    hdf5::write(data_, type_.get(), hdf5::simple_space(hdf5::sizes(box.shape())), space,
                elements.data());
}

std::optional<codec::FilterPipeline> encodable(const std::vector<codec::Hdf5Filter>& filters,
                                               std::size_t element_size) {
    constexpr unsigned deflate = 1;
    constexpr unsigned zstd = 32015;
    constexpr unsigned lz4 = 32004;
    codec::FilterPipeline pipeline{.codec = {codec::Compressor::none, 0},
                                   .shuffle = false,
                                   .checksum = false,
                                   .element_size = element_size};
    for (const auto& filter : filters) {
        const int level = filter.values.empty() ? 0 : static_cast<int>(filter.values.front());
        if (filter.id == 2)
            pipeline.shuffle = true;
        else if (filter.id == 3)
            pipeline.checksum = true;
        else if (filter.id == deflate)
            pipeline.codec = {codec::Compressor::deflate, std::clamp(level, 1, 9)};
        else if (filter.id == zstd)
            pipeline.codec = {codec::Compressor::zstd, std::clamp(level, 1, 19)};
        else if (filter.id == lz4)
            pipeline.codec = {codec::Compressor::lz4, 0};
        else
            return std::nullopt;
    }
    return pipeline;
}

} // namespace morphogen::store
