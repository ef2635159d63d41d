#include "mpi/check.hpp"

#include "morphogen/mpi/agreement.hpp"

#include <string>

namespace morphogen::mpi {

void check(int code, const char* call) {
    if (code == MPI_SUCCESS) return;
    std::string why(MPI_MAX_ERROR_STRING, '\0');
    int length = 0;
    if (MPI_Error_string(code, why.data(), &length) != MPI_SUCCESS) length = 0;
    why.resize(static_cast<std::size_t>(length));
    throw Failure(core::ErrorText{.what = "MPI failed", .where = call, .why = why});
}

} // namespace morphogen::mpi
