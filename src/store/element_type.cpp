#include "store/element_type.hpp"

#include "morphogen/core/contract.hpp"

#include <array>

namespace morphogen::store {
namespace {

bool is_float(const ElementType& element) noexcept {
    return element.kind == ElementType::Kind::floating ||
           element.kind == ElementType::Kind::brain_floating;
}

bool equals_any(const hdf5::Type& type, std::initializer_list<hid_t> others) {
    for (const hid_t other : others)
        if (hdf5::call("H5Tequal", {}, [&] { return H5Tequal(type.get(), other); }) > 0)
            return true;
    return false;
}

/// Bits from the lowest on: mantissa, exponent, sign.
struct HalfFormat {
    ElementType::Kind kind;
    std::size_t mantissa;
    std::size_t exponent;
    std::size_t bias;
};

constexpr std::array half_formats{HalfFormat{ElementType::Kind::floating, 10, 5, 15},
                                  HalfFormat{ElementType::Kind::brain_floating, 7, 8, 127}};

/// HDF5 1.10 has no names for floats of 2 bytes.
hdf5::Type half_type(const HalfFormat& format) {
    using hdf5::call;
    hdf5::Type type(call("H5Tcopy", {}, [] { return H5Tcopy(H5T_IEEE_F32LE); }));
    call("H5Tset_fields", {}, [&] {
        return H5Tset_fields(type.get(), 15, format.mantissa, format.exponent, 0, format.mantissa);
    });
    call("H5Tset_size", {}, [&] { return H5Tset_size(type.get(), 2); });
    call("H5Tset_ebias", {}, [&] { return H5Tset_ebias(type.get(), format.bias); });
    return type;
}

ElementType::Kind kind_of_half(const hdf5::Type& type, bool big_endian) {
    for (const HalfFormat& format : half_formats) {
        const hdf5::Type half = half_type(format);
        if (big_endian)
            hdf5::call("H5Tset_order", {}, [&] { return H5Tset_order(half.get(), H5T_ORDER_BE); });
        if (equals_any(type, {half.get()})) return format.kind;
    }
    return ElementType::Kind::other;
}

} // namespace

ElementType element_type_of(const hdf5::Type& type) {
    ElementType element{.kind = ElementType::Kind::other, .size = H5Tget_size(type.get())};
    const H5T_class_t kind = H5Tget_class(type.get());
    element.big_endian = (kind == H5T_FLOAT || kind == H5T_INTEGER) && element.size > 1 &&
                         H5Tget_order(type.get()) == H5T_ORDER_BE;
    // Equal: no odd precision, offset or byte order.
    if (kind == H5T_FLOAT &&
        equals_any(type, {H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE}))
        element.kind = ElementType::Kind::floating;
    if (kind == H5T_FLOAT && element.size == 2)
        element.kind = kind_of_half(type, element.big_endian);
    if (kind == H5T_INTEGER &&
        equals_any(type, {H5T_STD_I8LE, H5T_STD_I16LE, H5T_STD_I16BE, H5T_STD_I32LE, H5T_STD_I32BE,
                          H5T_STD_I64LE, H5T_STD_I64BE, H5T_STD_I8BE}))
        element.kind = ElementType::Kind::signed_integer;
    if (kind == H5T_INTEGER &&
        equals_any(type, {H5T_STD_U8LE, H5T_STD_U16LE, H5T_STD_U16BE, H5T_STD_U32LE, H5T_STD_U32BE,
                          H5T_STD_U64LE, H5T_STD_U64BE, H5T_STD_U8BE}))
        element.kind = ElementType::Kind::unsigned_integer;
    return element;
}

hdf5::Type stored_type(const ElementType& element) {
    MORPHOGEN_EXPECT(element.is_number());
    const bool is_half = element.size == 2 && is_float(element);
    const auto base = [&]() -> hid_t {
        switch (element.kind) {
        case ElementType::Kind::floating:
            return element.size == 4 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
        case ElementType::Kind::signed_integer:
            return H5T_STD_I8LE;
        default:
            return H5T_STD_U8LE;
        }
    };
    hdf5::Type type =
        is_half ? half_type(half_formats[element.kind == ElementType::Kind::brain_floating ? 1 : 0])
                : hdf5::Type(hdf5::call("H5Tcopy", {}, [&] { return H5Tcopy(base()); }));
    if (!is_float(element)) {
        hdf5::call("H5Tset_size", {}, [&] { return H5Tset_size(type.get(), element.size); });
        // Which a larger size leaves as it was.
        hdf5::call("H5Tset_precision", {},
                   [&] { return H5Tset_precision(type.get(), 8 * element.size); });
    }
    if (element.big_endian)
        hdf5::call("H5Tset_order", {}, [&] { return H5Tset_order(type.get(), H5T_ORDER_BE); });
    return type;
}

bool refers_elsewhere(const hdf5::Type& type) {
    for (const H5T_class_t kind : {H5T_VLEN, H5T_REFERENCE})
        if (hdf5::call("H5Tdetect_class", {}, [&] { return H5Tdetect_class(type.get(), kind); }) >
            0)
            return true;
    return H5Tget_class(type.get()) == H5T_STRING &&
           hdf5::call("H5Tis_variable_str", {}, [&] { return H5Tis_variable_str(type.get()); }) > 0;
}

} // namespace morphogen::store
