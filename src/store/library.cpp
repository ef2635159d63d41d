#include "morphogen/store/library.hpp"

#include "morphogen/store/hdf5/call.hpp"

#include <fmt/format.h>

namespace morphogen::store {

std::string hdf5_version() {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned release = 0;
    hdf5::call("H5get_libversion", {}, [&] { return H5get_libversion(&major, &minor, &release); });
    return fmt::format("{}.{}.{}", major, minor, release);
}

void keep_hdf5_at_exit() noexcept {
    H5dont_atexit();
}

QuietLibrary::QuietLibrary() : quiet_(std::make_unique<hdf5::QuietErrors>()) {}
QuietLibrary::~QuietLibrary() = default;

} // namespace morphogen::store
