#include "morphogen/core/processor.hpp"

#include <fstream>

namespace morphogen::core {

std::string processor_name() {
    std::ifstream file("/proc/cpuinfo");
    std::string name;
    for (std::string line; std::getline(file, line) && !line.empty();) {
        if (!line.starts_with("model name") && !line.starts_with("CPU implementer") &&
            !line.starts_with("CPU part"))
            continue;
        const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
        if (begin == std::string::npos) continue;
        if (!name.empty()) name += ' ';
        name += line.substr(begin);
    }
    return name;
}

} // namespace morphogen::core
