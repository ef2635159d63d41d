#include "morphogen/core/cache_size.hpp"

#include "morphogen/core/memory.hpp"

#include <unistd.h>

#include <fstream>
#include <string>

namespace morphogen::core {

// Linux' own table comes first: under virtual machines sysconf may give the host's.
std::size_t cache_bytes(int level) {
    for (int index = 0; index < 8; ++index) {
        const std::string cache =
            "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
        int its_level = 0;
        std::string type;
        std::string size;
        if (!(std::ifstream(cache + "/level") >> its_level)) break;
        std::ifstream(cache + "/type") >> type;
        std::ifstream(cache + "/size") >> size;
        if (its_level == level && type != "Instruction" && !size.empty())
            return static_cast<std::size_t>(parse_size(size));
    }
#if defined(_SC_LEVEL1_DCACHE_SIZE)
    const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
    const long bytes = ::sysconf(names[level - 1]);
    return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
#else
    return 0;
#endif
}

} // namespace morphogen::core
