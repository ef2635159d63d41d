#include "store/hdf5/superblock.hpp"

#include "morphogen/core/error.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

namespace morphogen::store::hdf5 {
namespace {

/// Three words of hash state; the rotations are lookup3's.
struct State {
    std::uint32_t a, b, c;

    static void step(std::uint32_t& x, std::uint32_t& y, std::uint32_t z, int by) {
        x -= y;
        x ^= std::rotl(y, by);
        y += z;
    }
    void mix() {
        step(a, c, b, 4);
        step(b, a, c, 6);
        step(c, b, a, 8);
        step(a, c, b, 16);
        step(b, a, c, 19);
        step(c, b, a, 4);
    }

    static void stir(std::uint32_t& x, std::uint32_t y, int by) {
        x ^= y;
        x -= std::rotl(y, by);
    }
    void finish() {
        stir(c, b, 14);
        stir(a, c, 11);
        stir(b, a, 25);
        stir(c, b, 16);
        stir(a, c, 4);
        stir(b, a, 14);
        stir(c, b, 24);
    }
};

/// Little-endian; what is past the end counts as 0.
std::uint32_t word_at(std::span<const char> bytes, std::size_t at) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(4, bytes.size() - at); ++i)
        word |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    return word;
}

} // namespace

std::uint32_t metadata_checksum(std::span<const char> bytes) {
    const auto start = 0xdeadbeefU + static_cast<std::uint32_t>(bytes.size());
    State state{start, start, start};
    if (bytes.empty()) return state.c;
    std::size_t at = 0;
    for (; bytes.size() - at > 12; at += 12) {
        state.a += word_at(bytes, at);
        state.b += word_at(bytes, at + 4);
        state.c += word_at(bytes, at + 8);
        state.mix();
    }
    const std::array<std::uint32_t*, 3> rest{&state.a, &state.b, &state.c};
    for (std::size_t i = 0; at < bytes.size(); at += 4, ++i)
        *rest[i] += word_at(bytes, at);
    state.finish();
    return state.c;
}

void seal_superblock(std::string& image) {
    // Version 3: signature 8, version, sizes, flags 4, four addresses of 8, checksum 4.
    constexpr std::size_t checked = 44;
    constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
    if (image.size() < checked + 4 || !image.starts_with(signature) || image[8] != 3 ||
        image[9] != 8)
        throw core::Error(core::ErrorText{.what = "HDF5 made a file of another format",
                                          .where = "superblock",
                                          .why = "version 3 with 8-byte addresses was asked for"});
    const std::uint32_t sum = metadata_checksum(std::span<const char>(image).first(checked));
    for (std::size_t i = 0; i < 4; ++i)
        image[checked + i] = static_cast<char>(static_cast<unsigned char>(sum >> (8 * i)));
}

} // namespace morphogen::store::hdf5
