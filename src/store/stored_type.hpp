#pragma once

#include "morphogen/store/hdf5/handle.hpp"
#include "morphogen/store/number_type.hpp"

#include <optional>

namespace morphogen::store {

/// A dataset's type, as far as it is numbers.
struct StoredType {
    NumberType type = NumberType::f32; // what its values become
    bool swapped = false;
    bool exact = true; // stored as `type` but for the order of bytes; else the library converts
};

/// Nothing: not numbers that this machine has (strings, compounds, enums, long double, ...).
std::optional<StoredType> stored_type(const hdf5::Type& type);

hid_t memory_type(NumberType type);
/// As files hold it: little-endian on every machine.
hid_t little_endian_type(NumberType type);

} // namespace morphogen::store
