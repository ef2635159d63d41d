#include "morphogen/store/hdf5/attribute.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"

#include "store/hdf5/collected.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace morphogen::store::hdf5 {
namespace {

Attribute create(hid_t object, const char* name, hid_t type, const Space& space) {
    return Attribute(call("H5Acreate", {object, name}, [&] {
        return H5Acreate2(object, name, type, space.get(), H5P_DEFAULT, H5P_DEFAULT);
    }));
}

void write(const Attribute& attribute, hid_t type, const void* data) {
    call("H5Awrite", {.object = attribute.get()},
         [&] { return H5Awrite(attribute.get(), type, data); });
}

Attribute open(hid_t object, const char* name) {
    return Attribute(
        call("H5Aopen", {object, name}, [&] { return H5Aopen(object, name, H5P_DEFAULT); }));
}

Type string_type(std::size_t bytes) {
    Type type(call("H5Tcopy", {}, [] { return H5Tcopy(H5T_C_S1); }));
    call("H5Tset_size", {}, [&] { return H5Tset_size(type.get(), bytes); });
    call("H5Tset_cset", {}, [&] { return H5Tset_cset(type.get(), H5T_CSET_UTF8); });
    return type;
}

using Names = Collected<std::string>;

herr_t add_name(hid_t, const char* name, const H5A_info_t*, void* names) noexcept {
    return static_cast<Names*>(names)->add([&] { return std::string(name); });
}

std::string read_variable_string(const Attribute& attribute) {
    const Type type = string_type(H5T_VARIABLE);
    char* text = nullptr;
    call("H5Aread", {.object = attribute.get()},
         [&] { return H5Aread(attribute.get(), type.get(), &text); });
    const std::string copy = text == nullptr ? "" : text;
    H5free_memory(text);
    return copy;
}

/// How many elements it has, of the classes that are asked for. Never trusted to be one: the
/// library would write all of them to where one has its place.
std::size_t count_elements(const Attribute& attribute, std::initializer_list<H5T_class_t> classes) {
    const Subject subject{.object = attribute.get()};
    const Type type(call("H5Aget_type", subject, [&] { return H5Aget_type(attribute.get()); }));
    const Space space(call("H5Aget_space", subject, [&] { return H5Aget_space(attribute.get()); }));
    const auto count = call("H5Sget_simple_extent_npoints", subject,
                            [&] { return H5Sget_simple_extent_npoints(space.get()); });
    if (std::find(classes.begin(), classes.end(), H5Tget_class(type.get())) == classes.end())
        throw core::Error(
            core::ErrorText{.what = "attribute is of another type", .where = describe(subject)});
    return static_cast<std::size_t>(count);
}

void expect_one(const Attribute& attribute, std::initializer_list<H5T_class_t> classes) {
    if (count_elements(attribute, classes) != 1)
        throw core::Error(core::ErrorText{.what = "attribute is not one value",
                                          .where = describe({.object = attribute.get()})});
}

} // namespace

void write_attribute(hid_t object, const char* name, std::string_view text) {
    const std::string padded(text.empty() ? std::string(1, '\0') : std::string(text));
    const Type type = string_type(padded.size());
    call("H5Tset_strpad", {}, [&] { return H5Tset_strpad(type.get(), H5T_STR_NULLPAD); });
    write(create(object, name, type.get(), scalar_space()), type.get(), padded.data());
}

void write_attribute(hid_t object, const char* name, std::int64_t value) {
    write(create(object, name, H5T_STD_I64LE, scalar_space()), H5T_NATIVE_INT64, &value);
}

void write_attribute(hid_t object, const char* name, std::span<const std::int64_t> values) {
    const std::array<hsize_t, 1> shape{values.size()};
    write(create(object, name, H5T_STD_I64LE, simple_space(shape)), H5T_NATIVE_INT64,
          values.data());
}

void write_attribute(hid_t object, const char* name, double value) {
    write(create(object, name, H5T_IEEE_F64LE, scalar_space()), H5T_NATIVE_DOUBLE, &value);
}

bool has_attribute(hid_t object, const char* name) {
    return call("H5Aexists", {object, name}, [&] { return H5Aexists(object, name); }) > 0;
}

bool is_string(hid_t object, const char* name) {
    const Attribute attribute = open(object, name);
    const Type stored(
        call("H5Aget_type", {object, name}, [&] { return H5Aget_type(attribute.get()); }));
    return H5Tget_class(stored.get()) == H5T_STRING;
}

std::string read_string(hid_t object, const char* name) {
    const Attribute attribute = open(object, name);
    expect_one(attribute, {H5T_STRING});
    const Type stored(
        call("H5Aget_type", {object, name}, [&] { return H5Aget_type(attribute.get()); }));
    if (call("H5Tis_variable_str", {object, name},
             [&] { return H5Tis_variable_str(stored.get()); }) > 0)
        return read_variable_string(attribute);
    std::string text(H5Tget_size(stored.get()), '\0');
    call("H5Aread", {object, name},
         [&] { return H5Aread(attribute.get(), stored.get(), text.data()); });
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
}

std::int64_t read_integer(hid_t object, const char* name) {
    const Attribute attribute = open(object, name);
    expect_one(attribute, {H5T_INTEGER, H5T_FLOAT});
    std::int64_t value = 0;
    call("H5Aread", {object, name},
         [&] { return H5Aread(attribute.get(), H5T_NATIVE_INT64, &value); });
    return value;
}

double read_real(hid_t object, const char* name) {
    const Attribute attribute = open(object, name);
    expect_one(attribute, {H5T_INTEGER, H5T_FLOAT});
    double value = 0.0;
    call("H5Aread", {object, name},
         [&] { return H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value); });
    return value;
}

std::vector<std::int64_t> read_integers(hid_t object, const char* name) {
    const Attribute attribute = open(object, name);
    std::vector<std::int64_t> values(count_elements(attribute, {H5T_INTEGER}));
    if (values.empty()) return values;
    call("H5Aread", {object, name},
         [&] { return H5Aread(attribute.get(), H5T_NATIVE_INT64, values.data()); });
    return values;
}

std::vector<std::string> attribute_names(hid_t object) {
    {
        Names names;
        const QuietErrors quiet; // not every file keeps the order of creation
        if (H5Aiterate2(object, H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, add_name, &names) >= 0)
            return names.take();
    }
    Names names;
    call("H5Aiterate", {.object = object}, [&] {
        return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, add_name, &names);
    });
    return names.take();
}

} // namespace morphogen::store::hdf5
