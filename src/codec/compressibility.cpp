#include "codec/compressibility.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace morphogen::codec {
namespace {

constexpr std::size_t group = 16; // bytes sampled together
constexpr std::size_t groups = 128;

struct Sample {
    std::array<std::uint32_t, 256> count{};
    std::uint64_t size = 0;
};

/// Groups spread evenly over @p bytes, counted in rounds, each of which is spread evenly too.
class Sampler {
public:
    static constexpr std::size_t rounds = 8;

    explicit Sampler(std::span<const std::byte> bytes) noexcept
        : bytes_(bytes), stride_(bytes.size() / groups) {}

    void count_round(std::size_t round) noexcept {
        // Asked for at once: the bytes may come from memory, and counting waits for each.
        for (std::size_t g = round; g < groups; g += rounds)
            __builtin_prefetch(bytes_.data() + g * stride_);
        for (std::size_t g = round; g < groups; g += rounds)
            for (std::size_t i = 0; i < group; ++i)
                ++count_[i % 2][std::to_integer<std::size_t>(bytes_[g * stride_ + i])];
        size_ += groups / rounds * group;
    }

    Sample so_far() const noexcept {
        Sample s{.count = {}, .size = size_};
        for (std::size_t v = 0; v < 256; ++v)
            s.count[v] = count_[0][v] + count_[1][v];
        return s;
    }

private:
    std::span<const std::byte> bytes_;
    std::size_t stride_;
    // Two tables: equal neighbours would otherwise wait for each other's counter.
    std::array<std::array<std::uint32_t, 256>, 2> count_{};
    std::uint64_t size_ = 0;
};

/// 256·Σp² - 1 without bias, from pairs of samples: 0 for a flat distribution, and for a nearly
/// flat one 2 ln 2 times what its entropy lacks to 8 bits.
double unevenness(const Sample& s) noexcept {
    std::uint64_t pairs = 0;
    for (const std::uint64_t n : s.count)
        pairs += n * (n - (n > 0 ? 1 : 0));
    return 256.0 * static_cast<double>(pairs) / static_cast<double>(s.size * (s.size - 1)) - 1.0;
}

/// The share of 8-byte strings that were seen before. Strings are looked at where they start with
/// one byte value: so both ends of a repetition are sampled or neither, whatever their distance.
double repetition(std::span<const std::byte> bytes, std::byte first) noexcept {
    constexpr std::size_t table_bits = 10;
    std::array<std::uint64_t, std::size_t{1} << table_bits> seen{};
    std::size_t strings = 0;
    std::size_t repeated = 0;
    const std::byte* p = bytes.data();
    const std::byte* const end = p + bytes.size() - sizeof(std::uint64_t);
    while (p < end && strings < seen.size()) {
        p = static_cast<const std::byte*>(
            std::memchr(p, std::to_integer<int>(first), static_cast<std::size_t>(end - p)));
        if (p == nullptr) break;
        std::uint64_t key = 0;
        std::memcpy(&key, p, sizeof key);
        std::uint64_t& slot = seen[(key * 0x9e3779b97f4a7c15U) >> (64 - table_bits)];
        repeated += slot == key ? 1 : 0;
        slot = key;
        ++strings;
        ++p;
    }
    return strings == 0 ? 0.0 : static_cast<double>(repeated) / static_cast<double>(strings);
}

/// A value that is about as frequent as a flat distribution would have it. The most frequent one
/// would be found where one value fills a region, and say nothing about the rest.
std::byte typical(const Sample& s) noexcept {
    const auto distance = [&](std::size_t v) {
        const std::uint64_t scaled = 256 * std::uint64_t{s.count[v]};
        return scaled > s.size ? scaled - s.size : s.size - scaled;
    };
    std::size_t best = 0;
    for (std::size_t v = 1; v < 256; ++v)
        if (distance(v) < distance(best)) best = v;
    return static_cast<std::byte>(best);
}

} // namespace

bool worth_compressing(std::span<const std::byte> bytes, double worth) noexcept {
    if (bytes.size() < 4 * group * groups) return true; // too little to sample, and to save time on
    Sampler sampler(bytes);
    sampler.count_round(0);
    // Far from flat, as most are that are worth it: eleven standard deviations of so few samples.
    if (unevenness(sampler.so_far()) > 1.0) return true;
    for (std::size_t round = 1; round < Sampler::rounds; ++round)
        sampler.count_round(round);
    const Sample s = sampler.so_far();
    // 8 bits lack `worth` of themselves; the second term is three standard deviations of a flat
    // distribution's samples.
    if (unevenness(s) > 8.0 * worth * 1.386 + 0.03) return true;
    return repetition(bytes, typical(s)) > worth;
}

} // namespace morphogen::codec
