#include "morphogen/codec/shuffle.hpp"

#include "morphogen/core/contract.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace morphogen::codec {
namespace {

// 16 bytes as a vector of the compiler: SSE2 and NEON are in their machines' baselines, so no
// run-time choice is needed.
typedef unsigned char Bytes16 __attribute__((vector_size(16)));

#if defined(__clang__) || __GNUC__ >= 12
inline Bytes16 interleave_low(Bytes16 a, Bytes16 b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Bytes16 interleave_high(Bytes16 a, Bytes16 b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                   31);
}
#else
inline Bytes16 interleave_low(Bytes16 a, Bytes16 b) {
    return __builtin_shuffle(a, b, Bytes16{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23});
}
inline Bytes16 interleave_high(Bytes16 a, Bytes16 b) {
    return __builtin_shuffle(a, b,
                             Bytes16{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31});
}
#endif

inline Bytes16 load(const std::byte* p) {
    Bytes16 v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
inline void store(std::byte* p, Bytes16 v) {
    std::memcpy(p, &v, sizeof v);
}

/// The 16·S bytes of v, seen as one array, perfectly shuffled: its first half interleaved with its
/// second. Each byte's address is thereby rotated left by one bit, so `rounds` of them rotate it by
/// `rounds`.
template <std::size_t S, int rounds>
inline void rotate_addresses(std::array<Bytes16, S>& v) {
    for (int round = 0; round < rounds; ++round) {
        std::array<Bytes16, S> next;
        for (std::size_t i = 0; i < S / 2; ++i) {
            next[2 * i] = interleave_low(v[i], v[i + S / 2]);
            next[2 * i + 1] = interleave_high(v[i], v[i + S / 2]);
        }
        v = next;
    }
}

// 16 elements of S bytes: address bits are (element: 4, byte: log2 S) in memory and (byte, element)
// when shuffled. A rotation by 4 bits turns the first into the second, one by log2 S bits back.
template <std::size_t S>
std::size_t shuffle_blocks(const std::byte* in, std::byte* out, std::size_t count) {
    const std::size_t blocked = count / 16 * 16;
    for (std::size_t e = 0; e < blocked; e += 16) {
        std::array<Bytes16, S> v;
        for (std::size_t i = 0; i < S; ++i)
            v[i] = load(in + e * S + 16 * i);
        rotate_addresses<S, 4>(v);
        for (std::size_t b = 0; b < S; ++b)
            store(out + b * count + e, v[b]);
    }
    return blocked;
}

template <std::size_t S>
std::size_t unshuffle_blocks(const std::byte* in, std::byte* out, std::size_t count) {
    const std::size_t blocked = count / 16 * 16;
    for (std::size_t e = 0; e < blocked; e += 16) {
        std::array<Bytes16, S> v;
        for (std::size_t b = 0; b < S; ++b)
            v[b] = load(in + b * count + e);
        rotate_addresses<S, std::countr_zero(S)>(v);
        for (std::size_t i = 0; i < S; ++i)
            store(out + e * S + 16 * i, v[i]);
    }
    return blocked;
}

/// Elements [first, count) one by one, in pieces whose bytes stay in the first-level cache while
/// every plane is visited.
template <typename Move>
void by_pieces(std::size_t first, std::size_t count, std::size_t size, Move move) {
    const std::size_t piece = size < 8192 ? 8192 / size : 1;
    for (std::size_t begin = first; begin < count; begin += piece) {
        const std::size_t end = count - begin < piece ? count : begin + piece;
        for (std::size_t b = 0; b < size; ++b)
            for (std::size_t e = begin; e < end; ++e)
                move(e * size + b, b * count + e);
    }
}

} // namespace

void shuffle_bytes(std::span<const std::byte> in, std::span<std::byte> out,
                   std::size_t element_size) noexcept {
    MORPHOGEN_EXPECT(element_size >= 1 && in.size() == out.size());
    const std::size_t count = in.size() / element_size;
    const std::size_t whole = count * element_size;
    const std::byte* const from = in.data();
    std::byte* const to = out.data();
    std::size_t done = 0;
    switch (element_size) {
    case 1:
        done = count;
        if (whole > 0) std::memcpy(to, from, whole);
        break;
    case 2:
        done = shuffle_blocks<2>(from, to, count);
        break;
    case 4:
        done = shuffle_blocks<4>(from, to, count);
        break;
    case 8:
        done = shuffle_blocks<8>(from, to, count);
        break;
    case 16:
        done = shuffle_blocks<16>(from, to, count);
        break;
    default:
        break;
    }
    by_pieces(done, count, element_size,
              [&](std::size_t memory, std::size_t plane) { to[plane] = from[memory]; });
    if (whole < in.size()) std::memcpy(to + whole, from + whole, in.size() - whole);
}

void unshuffle_bytes(std::span<const std::byte> in, std::span<std::byte> out,
                     std::size_t element_size) noexcept {
    MORPHOGEN_EXPECT(element_size >= 1 && in.size() == out.size());
    const std::size_t count = in.size() / element_size;
    const std::size_t whole = count * element_size;
    const std::byte* const from = in.data();
    std::byte* const to = out.data();
    std::size_t done = 0;
    switch (element_size) {
    case 1:
        done = count;
        if (whole > 0) std::memcpy(to, from, whole);
        break;
    case 2:
        done = unshuffle_blocks<2>(from, to, count);
        break;
    case 4:
        done = unshuffle_blocks<4>(from, to, count);
        break;
    case 8:
        done = unshuffle_blocks<8>(from, to, count);
        break;
    case 16:
        done = unshuffle_blocks<16>(from, to, count);
        break;
    default:
        break;
    }
    by_pieces(done, count, element_size,
              [&](std::size_t memory, std::size_t plane) { to[memory] = from[plane]; });
    if (whole < in.size()) std::memcpy(to + whole, from + whole, in.size() - whole);
}

} // namespace morphogen::codec
