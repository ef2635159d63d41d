#include "morphogen/core/large_pages.hpp"

#include <cstdint>

#if defined(__linux__)
#    include <sys/mman.h>
#endif

namespace morphogen::core {

void ask_for_large_pages([[maybe_unused]] void* memory,
                         [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    // madvise takes whole pages; 64 KiB are a whole number of them on every architecture.
    constexpr std::uintptr_t page = std::uintptr_t{1} << 16U;
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t first = (address + page - 1) / page * page;
    const std::uintptr_t last = (address + bytes) / page * page;
    if (last > first)
        static_cast<void>(::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE));
#endif
}

} // namespace morphogen::core
