#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/store/hdf5/handle.hpp"

#include <map>
#include <span>
#include <string>

/// Property lists, each made whole. All throw core::Error.
namespace morphogen::store::hdf5 {

/// Format bounds V110..V110: what Debian 12's stock readers open, whatever library writes it.
Properties file_access();
/// For a file that is appended to: little of its metadata stays in the cache, as each flush looks
/// at all that does.
Properties file_access_appending();
/// The same as file_access(), clearing a killed writer's status flags when the file is opened.
Properties file_access_clearing_flags();
/// MPI-IO over @p comm (`const MPI_Comm*`) with hints for MPI_Info; same bounds.
Properties file_access_mpi(const void* comm, const std::map<std::string, std::string>& hints);
/// Every rank takes part in the transfer.
Properties collective_transfer();
/// Root group with creation order, as netCDF-4 expects it.
Properties file_creation();
Properties group_creation();
/// Attributes and links in creation order; no times, so that equal content is equal bytes.
Properties dataset_creation();

void set_chunk(const Properties& creation, std::span<const hsize_t> chunk);
void set_fill(const Properties& creation, double value);
void set_filters(const Properties& creation, std::span<const codec::Hdf5Filter> filters);

/// Maps a selection of the virtual dataset to one of @p dataset in @p file (a relative name is
/// looked for beside the virtual file).
void map_virtual(const Properties& creation, const Space& virtual_space, const std::string& file,
                 const char* dataset, const Space& source_space);

/// A dataset access list without a chunk cache: chunks are written and read whole.
Properties uncached_dataset();

} // namespace morphogen::store::hdf5
