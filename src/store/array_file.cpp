#include "morphogen/store/array_file.hpp"

#include "morphogen/core/build_info.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/schema.hpp"

#include "store/element_type.hpp"

#include <fmt/format.h>

namespace morphogen::store {
namespace {

using core::Dims;
using core::Index;

} // namespace

ArrayFile::ArrayFile(const std::filesystem::path& path, bool replace) : file_(path, replace) {
    set_attribute(schema::conventions, schema::cf_version);
    set_attribute("source", fmt::format("morphogen {} ({})", core::build_info().version,
                                        core::build_info().revision));
}

void ArrayFile::set_attribute(const char* name, const std::string& text) {
    hdf5::write_attribute(file_.file().get(), name, text);
}

void ArrayFile::add_axis(const std::string& name, Index length) {
    // A netCDF-4 dimension without coordinates: a scale of this very name, which holds nothing.
    const std::vector<hsize_t> shape{static_cast<hsize_t>(length)};
    const hdf5::Properties creation = hdf5::dataset_creation();
    if (length > 0) hdf5::set_chunk(creation, shape); // of which none is ever stored
    auto scale = hdf5::create_dataset(file_.file().get(), name.c_str(), H5T_IEEE_F32BE,
                                      hdf5::simple_space(shape), creation);
    hdf5::make_scale(
        scale,
        fmt::format("This is a netCDF dimension but not a netCDF variable.{:10}", length).c_str());
    axes_[name] = {std::move(scale), length};
}

void ArrayFile::add_axis(const std::string& name, const ElementType& type,
                         std::span<const std::byte> values) {
    const auto length = static_cast<Index>(values.size() / type.size);
    const std::vector<hsize_t> shape{static_cast<hsize_t>(length)};
    const hdf5::Type stored = stored_type(type);
    auto scale = hdf5::create_dataset(file_.file().get(), name.c_str(), stored.get(),
                                      hdf5::simple_space(shape), hdf5::dataset_creation());
    if (length > 0) hdf5::write(scale, stored.get(), values.data());
    hdf5::make_scale(scale, name.c_str());
    axes_[name] = {std::move(scale), length};
}

Dims ArrayFile::shape(const std::vector<std::string>& axes) const {
    std::vector<Index> lengths;
    for (const std::string& axis : axes)
        lengths.push_back(axes_.at(axis).length);
    return Dims::from(lengths);
}

hdf5::Dataset ArrayFile::create(const ArraySpec& spec) {
    const Dims extent = shape(spec.axes);
    const hdf5::Properties creation = hdf5::dataset_creation();
    if (spec.layout.chunk.rank() > 0) {
        hdf5::set_chunk(creation, hdf5::sizes(spec.layout.chunk));
        if (spec.layout.filters)
            hdf5::set_filters(creation, codec::hdf5_filters(*spec.layout.filters));
    }
    const hdf5::Type type = stored_type(spec.type);
    auto data = hdf5::create_dataset(file_.file().get(), spec.name.c_str(), type.get(),
                                     hdf5::simple_space(hdf5::sizes(extent)), creation);
    for (std::size_t a = 0; a < spec.axes.size(); ++a)
        hdf5::attach_scale(data, axes_.at(spec.axes[a]).scale, a);
    if (!spec.long_name.empty())
        hdf5::write_attribute(data.get(), schema::long_name, spec.long_name);
    return data;
}

void ArrayFile::add(const ArraySpec& spec) {
    create(spec).close();
}

void ArrayFile::add(const ArraySpec& spec, std::span<const std::byte> values) {
    MORPHOGEN_EXPECT(values.size() ==
                     static_cast<std::size_t>(core::volume(shape(spec.axes))) * spec.type.size);
    hdf5::Dataset data = create(spec);
    if (!values.empty()) hdf5::write(data, stored_type(spec.type).get(), values.data());
    data.close();
}

void ArrayFile::close() {
    for (auto& [name, axis] : axes_)
        axis.scale.close();
    axes_.clear();
    file_.close();
}

} // namespace morphogen::store
