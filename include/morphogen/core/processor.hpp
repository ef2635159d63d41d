#pragma once

#include <string>

namespace morphogen::core {

/// The first processor's name, as Linux tells it: "model name" on x86, implementer and part on ARM.
/// Empty if it does not.
std::string processor_name();

} // namespace morphogen::core
