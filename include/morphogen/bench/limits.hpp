#pragma once

#include "morphogen/kernel/isa.hpp"

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

/// What this machine can do at most, measured. Every function takes about @p seconds; rates are of
/// all threads together.
namespace morphogen::bench {

/// Vector fused multiply-adds per second on data in registers (baseline: multiplications each
/// followed by an addition).
double fma_rate(kernel::Isa isa, int threads, double seconds);

/// Elements of @p bytes bytes in one vector of an instruction set.
int lanes(kernel::Isa isa, std::size_t bytes) noexcept;

/// Vector operations of a step of one vector of cells: 4 per field for a separable stencil whose
/// row sums are kept, 4 for the reaction, 4 for the two updates. Other stencils are measured by the
/// same rule.
inline constexpr double operations_per_vector = 16.0;

struct MemoryLevel {
    std::string_view name; // "L1", "L2", "L3", "memory"
    std::size_t bytes; // of the arrays that one thread works on; twice a cache's size would not fit
};

/// The levels that the system tells of; memory is the last.
std::vector<MemoryLevel> memory_levels();

enum class MemoryTest { copy, triad }; // b = a; a = b + s c (McCalpin, STREAM)

/// Bytes per second that the loop names: 2 per byte for copy, 3 for triad, write-allocate not
/// counted. Each thread has arrays of its own, together @p bytes_per_thread.
double memory_rate(MemoryTest test, std::size_t bytes_per_thread, int threads, double seconds);

/// memcpy of one thread between arrays of @p array_bytes (0: more than any cache holds), bytes
/// copied per second.
double memcpy_rate(std::size_t array_bytes, double seconds);

/// Enough for a memcpy_rate() that only has to be quick.
inline constexpr std::size_t small_array = std::size_t{1} << 20U;

struct DiskRate {
    double to_cache = 0.0; // bytes per second of write() alone
    double synced = 0.0;   // with fsync
};

/// Sequential writes of a new file of @p bytes in @p directory, which is removed.
/// @throws core::Error if it cannot be written.
DiskRate disk_rate(const std::filesystem::path& directory, std::size_t bytes, double seconds);

} // namespace morphogen::bench
