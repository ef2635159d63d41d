#pragma once

#include <functional>
#include <string>

namespace morphogen::mpi {

/// While it lives, @p failed is called, by the thread that met it, with the first failure of a read
/// or write on each file that MPI opened meanwhile, before the library above MPI hears of it. For
/// collective files: where one rank's write fails, HDF5 1.10 goes on to its next collective call
/// while the other ranks are still in this one, and none of them ever returns. Failures to open are
/// not told: every rank hears of those. One at a time per process; MPI must be initialized.
class FileErrorWatch {
public:
    explicit FileErrorWatch(std::function<void(const std::string& why)> failed);
    ~FileErrorWatch();
    FileErrorWatch(const FileErrorWatch&) = delete;
    FileErrorWatch& operator=(const FileErrorWatch&) = delete;
};

} // namespace morphogen::mpi
