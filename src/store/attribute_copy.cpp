#include "store/attribute_copy.hpp"

#include "morphogen/store/hdf5/dataspace.hpp"

#include "store/element_copy.hpp"
#include "store/hdf5/detached.hpp"

#include <vector>

namespace morphogen::store {
namespace {

using hdf5::call;

hdf5::Attribute open_attribute(hid_t object, const std::string& name) {
    return hdf5::Attribute(call("H5Aopen", {object, name},
                                [&] { return H5Aopen(object, name.c_str(), H5P_DEFAULT); }));
}

hdf5::Type type_of(const hdf5::Attribute& attribute) {
    return hdf5::Type(call("H5Aget_type", {.object = attribute.get()},
                           [&] { return H5Aget_type(attribute.get()); }));
}

hdf5::Space space_of(const hdf5::Attribute& attribute) {
    return hdf5::Space(call("H5Aget_space", {.object = attribute.get()},
                            [&] { return H5Aget_space(attribute.get()); }));
}

bool contains_references(const hdf5::Type& type) {
    return call("H5Tdetect_class", {}, [&] { return H5Tdetect_class(type.get(), H5T_REFERENCE); }) >
           0;
}

} // namespace

bool is_scale_attribute(const std::string& name) {
    return name == "DIMENSION_LIST" || name == "REFERENCE_LIST";
}

bool holds_references(hid_t object, const std::string& name) {
    return contains_references(type_of(open_attribute(object, name)));
}

bool holds_variable_length(hid_t object, const std::string& name) {
    const hdf5::Type type = type_of(open_attribute(object, name));
    const auto is_of = [&](H5T_class_t kind) {
        return call("H5Tdetect_class", {object, name},
                    [&] { return H5Tdetect_class(type.get(), kind); }) > 0;
    };
    return is_of(H5T_VLEN) || is_of(H5T_STRING); // strings of fixed length too: no harm
}

bool copy_attribute(hid_t from, hid_t to, hid_t to_file, const std::string& name,
                    const ReferenceMap& references) {
    const hdf5::Attribute source = open_attribute(from, name);
    const hdf5::Type type = type_of(source);
    const hdf5::Space space = hdf5::detached(space_of(source));
    const bool refers = contains_references(type);
    if (refers && call("H5Tequal", {}, [&] { return H5Tequal(type.get(), H5T_STD_REF_OBJ); }) <= 0)
        return false;
    const auto count = call("H5Sget_simple_extent_npoints", {.object = from, .name = name},
                            [&] { return H5Sget_simple_extent_npoints(space.get()); });
    std::vector<std::byte> values(static_cast<std::size_t>(count) * H5Tget_size(type.get()));
    const hdf5::Type plain = hdf5::detached(type);
    if (!values.empty())
        call("H5Aread", {from, name},
             [&] { return H5Aread(source.get(), plain.get(), values.data()); });
    if (refers && !translate_references(from, to_file, values, references)) return false;
    const hdf5::Attribute copy(call("H5Acreate", {to, name}, [&] {
        return H5Acreate2(to, name.c_str(), plain.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT);
    }));
    if (values.empty()) return true;
    const auto write = [&] { return H5Awrite(copy.get(), plain.get(), values.data()); };
    const bool has_heap =
        H5Tdetect_class(plain.get(), H5T_VLEN) > 0 || H5Tdetect_class(plain.get(), H5T_STRING) > 0;
    try {
        call("H5Awrite", {to, name}, write);
    } catch (...) {
        if (has_heap) H5Dvlen_reclaim(plain.get(), space.get(), H5P_DEFAULT, values.data());
        throw;
    }
    if (has_heap) // what reading allocated for elements of variable length, if any
        call("H5Dvlen_reclaim", {to, name},
             [&] { return H5Dvlen_reclaim(plain.get(), space.get(), H5P_DEFAULT, values.data()); });
    return true;
}

} // namespace morphogen::store
