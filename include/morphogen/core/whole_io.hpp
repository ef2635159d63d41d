#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// Reads and writes that move all of their bytes, also where a signal interrupts them or the system
/// moves a part only.
namespace morphogen::core {

/// @returns how many bytes of @p bytes were read, fewer only at the file's end; -1: errno says why.
std::int64_t read_whole(int descriptor, std::span<std::byte> bytes, std::uint64_t offset) noexcept;

/// At the descriptor's own position. @returns 0, or errno.
int write_whole(int descriptor, std::span<const std::byte> bytes) noexcept;
/// @returns 0, or errno.
int write_whole(int descriptor, std::span<const std::byte> bytes, std::uint64_t offset) noexcept;

} // namespace morphogen::core
