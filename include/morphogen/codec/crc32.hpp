#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace morphogen::codec {

/// CRC-32 as zlib, PNG and gzip use it (polynomial 0xEDB88320, reflected, initial value and final
/// XOR 0xFFFFFFFF): finds every error burst of up to 32 bits. @p before: of the bytes that precede.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;

} // namespace morphogen::codec
