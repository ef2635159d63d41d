#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/hdf5/handle.hpp"

#include <optional>
#include <string>
#include <vector>

namespace morphogen::store {

/// One mapping of a virtual dataset: a box of a source, taken over as a box.
struct VirtualPiece {
    std::string file; // as the virtual dataset names it
    std::string dataset;
    core::NdBox place;    // in the virtual dataset
    core::Dims source;    // index in the source of place.lo
    bool whole = false;   // all that the source has, whatever that is
    bool follows = false; // place.hi[0] is as far as the source goes
};

/// The mappings of a virtual dataset of @p shape, if each is a box and together they cover it
/// without overlapping; else nothing, and only the library can read it.
std::optional<std::vector<VirtualPiece>> box_pieces(const hdf5::Properties& creation,
                                                    const core::Dims& shape);

} // namespace morphogen::store
