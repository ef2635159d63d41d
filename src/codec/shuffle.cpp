#include "morphogen/codec/shuffle.hpp"

#include "morphogen/core/contract.hpp"

#include "codec/shuffle_avx2.hpp"

#include <array>
#include <bit>
#include <cstdint>
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
// Element e of a block of `count` has its bytes at e * S in memory, at b * stride + e shuffled.
template <std::size_t S>
struct Blocks16 {
    static constexpr std::size_t size = 16;
    static void shuffle(const std::byte* in, std::byte* out, std::size_t stride) {
        std::array<Bytes16, S> v;
        for (std::size_t i = 0; i < S; ++i)
            v[i] = load(in + 16 * i);
        rotate_addresses<S, 4>(v);
        for (std::size_t b = 0; b < S; ++b)
            store(out + b * stride, v[b]);
    }
    static void unshuffle(const std::byte* in, std::byte* out, std::size_t stride) {
        std::array<Bytes16, S> v;
        for (std::size_t b = 0; b < S; ++b)
            v[b] = load(in + b * stride);
        rotate_addresses<S, std::countr_zero(S)>(v);
        for (std::size_t i = 0; i < S; ++i)
            store(out + 16 * i, v[i]);
    }
    /// @p count elements, at least one block. The last block may overlap the one before it.
    static void shuffle_all(const std::byte* in, std::byte* out, std::size_t count,
                            std::size_t stride) {
        for (std::size_t e = 0; e + size <= count; e += size)
            shuffle(in + e * S, out + e, stride);
        if (count % size != 0) shuffle(in + (count - size) * S, out + count - size, stride);
    }
    static void unshuffle_all(const std::byte* in, std::byte* out, std::size_t count,
                              std::size_t stride) {
        for (std::size_t e = 0; e + size <= count; e += size)
            unshuffle(in + e, out + e * S, stride);
        if (count % size != 0) unshuffle(in + count - size, out + (count - size) * S, stride);
    }
};

/// Elements one by one, in pieces whose bytes stay in the first-level cache while every plane is
/// visited.
template <typename Move>
void by_pieces(std::size_t count, std::size_t size, std::size_t stride, Move move) {
    const std::size_t piece = size < 8192 ? 8192 / size : 1;
    for (std::size_t begin = 0; begin < count; begin += piece) {
        const std::size_t end = count - begin < piece ? count : begin + piece;
        for (std::size_t b = 0; b < size; ++b)
            for (std::size_t e = begin; e < end; ++e)
                move(e * size + b, b * stride + e);
    }
}

void shuffle_singly(const std::byte* in, std::byte* out, std::size_t count, std::size_t size,
                    std::size_t stride) {
    by_pieces(count, size, stride,
              [&](std::size_t memory, std::size_t plane) { out[plane] = in[memory]; });
}

void unshuffle_singly(const std::byte* in, std::byte* out, std::size_t count, std::size_t size,
                      std::size_t stride) {
    by_pieces(count, size, stride,
              [&](std::size_t memory, std::size_t plane) { out[memory] = in[plane]; });
}

template <std::size_t S>
void shuffle_sized(const std::byte* in, std::byte* out, std::size_t count, std::size_t stride) {
#if defined(MORPHOGEN_SHUFFLE_AVX2)
    if (count >= Blocks32<S>::size && __builtin_cpu_supports("avx2"))
        return Blocks32<S>::shuffle_all(in, out, count, stride);
#endif
    if (count >= Blocks16<S>::size) return Blocks16<S>::shuffle_all(in, out, count, stride);
    shuffle_singly(in, out, count, S, stride);
}

template <std::size_t S>
void unshuffle_sized(const std::byte* in, std::byte* out, std::size_t count, std::size_t stride) {
#if defined(MORPHOGEN_SHUFFLE_AVX2)
    if (count >= Blocks32<S>::size && __builtin_cpu_supports("avx2"))
        return Blocks32<S>::unshuffle_all(in, out, count, stride);
#endif
    if (count >= Blocks16<S>::size) return Blocks16<S>::unshuffle_all(in, out, count, stride);
    unshuffle_singly(in, out, count, S, stride);
}

/// The whole cache lines past the caches, the rest as ever.
template <std::size_t S>
void unshuffle_past_caches(const std::byte* in, std::byte* out, std::size_t count,
                           std::size_t stride) {
#if defined(MORPHOGEN_SHUFFLE_AVX2)
    constexpr std::size_t line = 64;
    const std::size_t before = (line - reinterpret_cast<std::uintptr_t>(out) % line) % line;
    if (__builtin_cpu_supports("avx2") && before % S == 0 && before / S < count) {
        std::size_t done = before / S;
        unshuffle_sized<S>(in, out, done, stride);
        done += Blocks32<S>::unshuffle_past_all(in + done, out + before, count - done, stride);
        return unshuffle_sized<S>(in + done, out + done * S, count - done, stride);
    }
#endif
    unshuffle_sized<S>(in, out, count, stride);
}

} // namespace

void shuffle_part(std::span<const std::byte> in, std::span<std::byte> out, std::size_t first,
                  std::size_t element_size) noexcept {
    MORPHOGEN_EXPECT(element_size >= 1 && in.size() % element_size == 0);
    const std::size_t count = in.size() / element_size;
    const std::size_t stride = out.size() / element_size;
    MORPHOGEN_EXPECT(first <= stride && count <= stride - first);
    std::byte* const to = out.data() + first;
    if (count == 0) return;
    switch (element_size) {
    case 1:
        std::memcpy(to, in.data(), count);
        return;
    case 2:
        return shuffle_sized<2>(in.data(), to, count, stride);
    case 4:
        return shuffle_sized<4>(in.data(), to, count, stride);
    case 8:
        return shuffle_sized<8>(in.data(), to, count, stride);
    case 16:
        return shuffle_sized<16>(in.data(), to, count, stride);
    default:
        return shuffle_singly(in.data(), to, count, element_size, stride);
    }
}

void shuffle_bytes(std::span<const std::byte> in, std::span<std::byte> out,
                   std::size_t element_size) noexcept {
    MORPHOGEN_EXPECT(element_size >= 1 && in.size() == out.size());
    const std::size_t whole = in.size() / element_size * element_size;
    shuffle_part(in.first(whole), out.first(whole), 0, element_size);
    if (whole < in.size()) std::memcpy(out.data() + whole, in.data() + whole, in.size() - whole);
}

void unshuffle_part(std::span<const std::byte> in, std::size_t first, std::span<std::byte> out,
                    std::size_t element_size) noexcept {
    MORPHOGEN_EXPECT(element_size >= 1 && out.size() % element_size == 0);
    const std::size_t count = out.size() / element_size;
    const std::size_t stride = in.size() / element_size;
    MORPHOGEN_EXPECT(first <= stride && count <= stride - first);
    const std::byte* const from = in.data() + first;
    if (count == 0) return;
    switch (element_size) {
    case 1:
        std::memcpy(out.data(), from, count);
        return;
    case 2:
        return unshuffle_sized<2>(from, out.data(), count, stride);
    case 4:
        return unshuffle_sized<4>(from, out.data(), count, stride);
    case 8:
        return unshuffle_sized<8>(from, out.data(), count, stride);
    case 16:
        return unshuffle_sized<16>(from, out.data(), count, stride);
    default:
        return unshuffle_singly(from, out.data(), count, element_size, stride);
    }
}

void unshuffle_part_past_caches(std::span<const std::byte> in, std::size_t first,
                                std::span<std::byte> out, std::size_t element_size) noexcept {
    const std::byte* const from = in.data() + first;
    const std::size_t count = out.size() / element_size;
    const std::size_t stride = in.size() / element_size;
    switch (element_size) {
    case 2:
        return unshuffle_past_caches<2>(from, out.data(), count, stride);
    case 4:
        return unshuffle_past_caches<4>(from, out.data(), count, stride);
    case 8:
        return unshuffle_past_caches<8>(from, out.data(), count, stride);
    case 16:
        return unshuffle_past_caches<16>(from, out.data(), count, stride);
    default:
        return unshuffle_part(in, first, out, element_size);
    }
}

void wait_for_stores() noexcept {
#if defined(MORPHOGEN_SHUFFLE_AVX2)
    _mm_sfence();
#endif
}

void unshuffle_bytes(std::span<const std::byte> in, std::span<std::byte> out,
                     std::size_t element_size) noexcept {
    MORPHOGEN_EXPECT(element_size >= 1 && in.size() == out.size());
    const std::size_t whole = in.size() / element_size * element_size;
    unshuffle_part(in.first(whole), 0, out.first(whole), element_size);
    if (whole < in.size()) std::memcpy(out.data() + whole, in.data() + whole, in.size() - whole);
}

} // namespace morphogen::codec
