#pragma once

#include <memory>
#include <string>

namespace morphogen::store {

namespace hdf5 {
class QuietErrors;
}

/// "1.10.8": the HDF5 library in use, which may be newer than the one built against.
std::string hdf5_version();

/// HDF5 frees nothing at the end of the process: it loops, and says so, where a damaged file left
/// it half open. For programs that close their files themselves; before the first use of HDF5.
void keep_hdf5_at_exit() noexcept;

/// While it lives, HDF5 prints no error of this thread's calls: once, instead of for each call. The
/// host program's handler is given back at its end; until then no other thread may use HDF5.
class QuietLibrary {
public:
    QuietLibrary();
    ~QuietLibrary();
    QuietLibrary(const QuietLibrary&) = delete;
    QuietLibrary& operator=(const QuietLibrary&) = delete;

private:
    std::unique_ptr<hdf5::QuietErrors> quiet_;
};

} // namespace morphogen::store
