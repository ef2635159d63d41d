#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Datasets, groups and dimension scales. All throw core::Error naming file and object.
namespace morphogen::store::hdf5 {

Group create_group(hid_t parent, const char* name);
Group open_group(hid_t parent, const char* name);

Dataset create_dataset(hid_t parent, const char* name, hid_t type, const Space& space,
                       const Properties& creation);
Dataset open_dataset(hid_t parent, const char* name, const Properties& access);
Dataset open_dataset(hid_t parent, const char* name);
bool exists(hid_t parent, const char* name);
/// Whether the way to @p name goes through an external link; the other file is not opened.
bool leaves_file(hid_t parent, const char* name);

Space space_of(const Dataset& dataset);
Type type_of(const Dataset& dataset);
Properties creation_of(const Dataset& dataset);
std::vector<hsize_t> shape_of(const Dataset& dataset);

/// Bytes of the dataset's chunks in the file, as stored.
std::uint64_t stored_bytes(const Dataset& dataset);

void resize(const Dataset& dataset, std::span<const hsize_t> shape);
void flush_dataset(const Dataset& dataset);

/// Whole dataset, or a selection of it, from and to memory of type @p type. @p transfer: a
/// transfer property list or H5P_DEFAULT.
void write(const Dataset& dataset, hid_t type, const void* data);
void write(const Dataset& dataset, hid_t type, const Space& memory, const Space& file,
           const void* data, hid_t transfer = H5P_DEFAULT);
void read(const Dataset& dataset, hid_t type, const Space& memory, const Space& file, void* data);

/// One chunk as it is stored, at @p offset in elements. The file must use the default driver: with
/// MPI-IO this call corrupts silently.
void write_chunk(const Dataset& dataset, std::span<const hsize_t> offset,
                 std::span<const std::byte> stored);

/// Keeps the metadata cache from writing the object's metadata at a time of its own choosing: only
/// a flush writes them, until the object is closed.
void hold_metadata(const Dataset& dataset);

void make_scale(const Dataset& dataset, const char* name);
void attach_scale(const Dataset& dataset, const Dataset& scale, std::size_t axis);

} // namespace morphogen::store::hdf5
