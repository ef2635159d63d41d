#pragma once

#include <cstddef>

namespace morphogen::core {

/// Bytes of the data cache of @p level (1 ... 3) that a core of this machine has or shares, 0 if
/// the system does not tell.
std::size_t cache_bytes(int level);

} // namespace morphogen::core
