#include "store/stored_type.hpp"

#include <bit>

namespace morphogen::store {
namespace {

std::optional<NumberType> element_of(H5T_class_t kind, std::size_t bytes, bool is_signed) {
    if (kind == H5T_FLOAT) {
        if (bytes == 4) return NumberType::f32;
        if (bytes == 8) return NumberType::f64;
        return std::nullopt;
    }
    switch (bytes) {
    case 1:
        return is_signed ? NumberType::i8 : NumberType::u8;
    case 2:
        return is_signed ? NumberType::i16 : NumberType::u16;
    case 4:
        return is_signed ? NumberType::i32 : NumberType::u32;
    case 8:
        return is_signed ? NumberType::i64 : NumberType::u64;
    default:
        return std::nullopt;
    }
}

hid_t big_endian_type(NumberType type) {
    switch (type) {
    case NumberType::i8:
        return H5T_STD_I8BE;
    case NumberType::i16:
        return H5T_STD_I16BE;
    case NumberType::i32:
        return H5T_STD_I32BE;
    case NumberType::i64:
        return H5T_STD_I64BE;
    case NumberType::u8:
        return H5T_STD_U8BE;
    case NumberType::u16:
        return H5T_STD_U16BE;
    case NumberType::u32:
        return H5T_STD_U32BE;
    case NumberType::u64:
        return H5T_STD_U64BE;
    case NumberType::f32:
        return H5T_IEEE_F32BE;
    case NumberType::f64:
        break;
    }
    return H5T_IEEE_F64BE;
}

bool same(const hdf5::Type& type, hid_t other) {
    return hdf5::call("H5Tequal", {}, [&] { return H5Tequal(type.get(), other); }) > 0;
}

} // namespace

hid_t little_endian_type(NumberType type) {
    switch (type) {
    case NumberType::i8:
        return H5T_STD_I8LE;
    case NumberType::i16:
        return H5T_STD_I16LE;
    case NumberType::i32:
        return H5T_STD_I32LE;
    case NumberType::i64:
        return H5T_STD_I64LE;
    case NumberType::u8:
        return H5T_STD_U8LE;
    case NumberType::u16:
        return H5T_STD_U16LE;
    case NumberType::u32:
        return H5T_STD_U32LE;
    case NumberType::u64:
        return H5T_STD_U64LE;
    case NumberType::f32:
        return H5T_IEEE_F32LE;
    case NumberType::f64:
        break;
    }
    return H5T_IEEE_F64LE;
}

hid_t memory_type(NumberType type) {
    return std::endian::native == std::endian::little ? little_endian_type(type)
                                                      : big_endian_type(type);
}

std::optional<StoredType> stored_type(const hdf5::Type& type) {
    const H5T_class_t kind = H5Tget_class(type.get());
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) return std::nullopt;
    const auto is_signed = [&](const hdf5::Type& t) {
        return kind == H5T_INTEGER && H5Tget_sign(t.get()) != H5T_SGN_NONE;
    };
    if (const auto plain = element_of(kind, H5Tget_size(type.get()), is_signed(type))) {
        constexpr bool little = std::endian::native == std::endian::little;
        if (same(type, memory_type(*plain))) return StoredType{*plain};
        if (same(type, little ? big_endian_type(*plain) : little_endian_type(*plain)))
            return StoredType{*plain, true};
    }
    // Other precisions (16-bit floats, 12 bits in 16): the smallest type here that holds them.
    const hdf5::Type native(hdf5::call(
        "H5Tget_native_type", {}, [&] { return H5Tget_native_type(type.get(), H5T_DIR_ASCEND); }));
    const auto wide = element_of(kind, H5Tget_size(native.get()), is_signed(native));
    if (!wide) return std::nullopt;
    return StoredType{*wide, false, false};
}

} // namespace morphogen::store
