#pragma once

#include <mpi.h>

/// Private to the module: mpi.h stays out of the public headers.
namespace morphogen::mpi {

/// @throws Failure naming @p call if @p code is not MPI_SUCCESS.
void check(int code, const char* call);

/// The MPI_Comm behind Communicator::native().
inline MPI_Comm comm_of(const void* native) noexcept {
    return *static_cast<const MPI_Comm*>(native);
}

} // namespace morphogen::mpi
