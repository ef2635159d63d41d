#pragma once

#include "store/hdf5/raw_file.hpp"

#include <cstdint>

/// Where the links of a large group lie. HDF5 1.10 may crash, freeing what it never had, over a
/// heap or B-tree whose header it has refused before. HDF5 File Format Specification 3.0, III.A.2
/// and III.G.
namespace morphogen::store::hdf5 {

/// Whether the header at the address of a fractal heap is not there or has a wrong checksum.
bool is_damaged_heap(const RawFile& file, std::uint64_t address);

/// The same of a B-tree of version 2.
bool is_damaged_tree(const RawFile& file, std::uint64_t address);

} // namespace morphogen::store::hdf5
