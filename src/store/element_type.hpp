#pragma once

#include "morphogen/store/element_type.hpp"
#include "morphogen/store/hdf5/handle.hpp"

namespace morphogen::store {

ElementType element_type_of(const hdf5::Type& type);
/// The other way round. @param element a number.
hdf5::Type stored_type(const ElementType& element);

/// Whether elements hold references to something outside of them: variable-length data, object
/// references.
bool refers_elsewhere(const hdf5::Type& type);

} // namespace morphogen::store
