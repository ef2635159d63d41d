#include "version.hpp"

#include "morphogen/core/build_info.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/mpi/environment.hpp"
#include "morphogen/store/library.hpp"

#include <fmt/format.h>

namespace app {

std::string version_text() {
    const auto& build = morphogen::core::build_info();
    std::string isas;
    for (const auto isa : morphogen::kernel::available_isas()) {
        if (!isas.empty()) isas += ", ";
        isas += morphogen::kernel::name_of(isa);
    }
    return fmt::format("morphogen {} (revision {}, {}, {})\nHDF5 {}\n{}\ninstruction sets: {}",
                       build.version, build.revision, build.compiler, build.build_type,
                       morphogen::store::hdf5_version(), morphogen::mpi::library_version(), isas);
}

} // namespace app
