#include "morphogen/codec/crc32.hpp"

#include <libdeflate.h>

namespace morphogen::codec {

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
    if (bytes.empty()) return before; // libdeflate takes a null pointer for "start anew"
    return libdeflate_crc32(before, bytes.data(), bytes.size());
}

} // namespace morphogen::codec
