#include "morphogen/mpi/file_errors.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"

#include "mpi/check.hpp"

#include <array>
#include <cerrno>
#include <utility>

namespace morphogen::mpi {
namespace {

// MPI gives its handlers no place for data of ours.
std::function<void(const std::string&)> handler;

/// MPI-IO says "input/output error" for most things; the system is more exact.
std::string system_error(int code) {
    for (const int telling : {ENOSPC, EDQUOT, EIO, EFBIG, ESTALE, EROFS})
        if (code == telling) return core::errno_text(code) + "; ";
    return "";
}

void on_error(MPI_File* file, int* code, ...) { // MPI's signature
    const int system_code = errno;
    if (*file == MPI_FILE_NULL || !handler) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    if (MPI_Error_string(*code, text.data(), &length) != MPI_SUCCESS) length = 0;
    handler(system_error(system_code) + std::string(text.data(), static_cast<std::size_t>(length)));
}

} // namespace

// MPI 3.1, 13.7: what is set for MPI_FILE_NULL is the default of the files opened from then on.
FileErrorWatch::FileErrorWatch(std::function<void(const std::string&)> failed) {
    MORPHOGEN_EXPECT(!handler);
    handler = std::move(failed);
    MPI_Errhandler made = MPI_ERRHANDLER_NULL;
    check(MPI_File_create_errhandler(&on_error, &made), "MPI_File_create_errhandler");
    check(MPI_File_set_errhandler(MPI_FILE_NULL, made), "MPI_File_set_errhandler");
    check(MPI_Errhandler_free(&made), "MPI_Errhandler_free"); // files keep what they use
}

FileErrorWatch::~FileErrorWatch() {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized == 0) MPI_File_set_errhandler(MPI_FILE_NULL, MPI_ERRORS_RETURN);
    handler = nullptr;
}

} // namespace morphogen::mpi
