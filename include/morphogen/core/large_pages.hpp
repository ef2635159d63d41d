#pragma once

#include "morphogen/core/aligned_buffer.hpp"

#include <cstddef>

namespace morphogen::core {

/// Asks the system for large pages where it gives them on request only (Linux: 2 MiB, madvise(2)):
/// what is passed over once costs a miss of the TLB per page, and several memory accesses each
/// under a hypervisor. A refusal costs speed and nothing else. Call it before the first touch.
void ask_for_large_pages(void* memory, std::size_t bytes) noexcept;

/// An array for which large pages are asked. @throws std::bad_alloc
template <typename T>
AlignedBuffer<T> large_buffer(std::size_t size) {
    AlignedBuffer<T> buffer(size);
    ask_for_large_pages(buffer.data(), size * sizeof(T));
    return buffer;
}

} // namespace morphogen::core
