#include "codec/zlib_stream.hpp"

#include <libdeflate.h>

#include <cstdint>
#include <cstring>

namespace morphogen::codec::zlib {
namespace {

std::byte to_byte(std::size_t value) noexcept {
    return static_cast<std::byte>(value & 0xff);
}

} // namespace

std::byte* write_header(std::byte* out) noexcept {
    *out++ = std::byte{0x78}; // deflate, 32 KiB window
    *out++ = std::byte{0x01}; // fastest level; makes the two bytes a multiple of 31
    return out;
}

std::byte* write_stored(std::span<const std::byte> in, std::byte* out, Last last) noexcept {
    std::size_t done = 0;
    do {
        const std::size_t length = std::min(in.size() - done, stored_most);
        const bool final = last == Last::yes && done + length == in.size();
        *out++ = final ? std::byte{1} : std::byte{0};
        *out++ = to_byte(length);
        *out++ = to_byte(length >> 8);
        *out++ = to_byte(~length);
        *out++ = to_byte(~length >> 8);
        if (length > 0) std::memcpy(out, in.data() + done, length);
        out += length;
        done += length;
    } while (done < in.size());
    return out;
}

std::byte* write_checksum(std::span<const std::byte> in, std::byte* out) noexcept {
    const std::uint32_t sum = libdeflate_adler32(1, in.data(), in.size());
    for (int shift = 24; shift >= 0; shift -= 8)
        *out++ = to_byte(sum >> shift);
    return out;
}

std::size_t write_stored_stream(std::span<const std::byte> in, std::byte* out) noexcept {
    std::byte* const end = write_checksum(in, write_stored(in, write_header(out), Last::yes));
    return static_cast<std::size_t>(end - out);
}

} // namespace morphogen::codec::zlib
