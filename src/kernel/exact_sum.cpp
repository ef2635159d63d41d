#include "morphogen/kernel/exact_sum.hpp"

#include <bit>
#include <cmath>

namespace morphogen::kernel {

namespace {

constexpr int quantum = -52; // log2
constexpr int limb_bits = 32;
constexpr std::int64_t limb_mask = (std::int64_t{1} << limb_bits) - 1;

/// The magnitude of normalised limbs; returns whether they were negative.
bool make_positive(ExactSum::Limbs& limbs) noexcept {
    if (limbs.back() >= 0) return false;
    std::int64_t carry = 0;
    for (std::size_t i = 0; i < limbs.size(); ++i) {
        const std::int64_t l = carry - limbs[i];
        limbs[i] = i + 1 < limbs.size() ? l & limb_mask : l;
        carry = l >> limb_bits;
    }
    return true;
}

} // namespace

void ExactSum::add(double value) noexcept {
    // Rounded to the quantum exactly as the vectorised sums do it (kernel_impl.hpp: Bins).
    if (std::fabs(value) < 256.0) {
        const double head = (value + 0x1.8p30) - 0x1.8p30;
        const double tail = ((value - head) + 0x1.8p0) - 0x1.8p0;
        add_scaled(static_cast<std::int64_t>(head * 0x1p22), -22);
        add_scaled(static_cast<std::int64_t>(tail * 0x1p52), quantum);
        return;
    }
    // No double as large as this has a fraction below the quantum.
    int exponent = 0;
    const double mantissa = std::frexp(value, &exponent); // 0.5 <= |mantissa| < 1
    add_scaled(static_cast<std::int64_t>(mantissa * 0x1p53), exponent - 53);
}

void ExactSum::add_scaled(std::int64_t count, int exponent) noexcept {
    // |count| in two halves, each shifted within a limb and its successor.
    const int place = exponent - quantum;
    const auto limb = static_cast<std::size_t>(place / limb_bits);
    const int shift = place % limb_bits;
    const bool negative = count < 0;
    const std::uint64_t magnitude =
        negative ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
    const std::uint64_t low = (magnitude & 0xFFFFFFFFu) << shift;
    const std::uint64_t high = (magnitude >> limb_bits) << shift;
    const std::uint64_t parts[3] = {low & 0xFFFFFFFFu, (low >> limb_bits) + (high & 0xFFFFFFFFu),
                                    high >> limb_bits};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto part = static_cast<std::int64_t>(parts[i]);
        limbs_[limb + i] += negative ? -part : part;
    }
    normalise();
}

void ExactSum::add(const ExactSum& other) noexcept {
    for (std::size_t i = 0; i < limbs_.size(); ++i)
        limbs_[i] += other.limbs_[i];
    normalise();
}

void ExactSum::normalise() noexcept {
    for (std::size_t i = 0; i + 1 < limbs_.size(); ++i) {
        limbs_[i + 1] += limbs_[i] >> limb_bits; // arithmetic: towards minus infinity
        limbs_[i] &= limb_mask;
    }
}

double ExactSum::value() const noexcept {
    Limbs m = limbs_;
    for (std::size_t i = 0; i + 1 < m.size(); ++i) {
        m[i + 1] += m[i] >> limb_bits;
        m[i] &= limb_mask;
    }
    const bool negative = make_positive(m);
    int top = limb_count - 1;
    while (top > 0 && m[static_cast<std::size_t>(top)] == 0)
        --top;
    // The 64 leading bits; whatever is below them only breaks ties.
    const auto limb = [&](int i) {
        return i < 0 ? 0u : static_cast<std::uint64_t>(m[static_cast<std::size_t>(i)]);
    };
    const std::uint64_t first = limb(top);
    if (first == 0) return 0.0;
    const int width = static_cast<int>(std::bit_width(first)); // the last limb may be wider than 32
    std::uint64_t bits = first << (64 - width);
    int taken = 64 - width; // bits still free
    int next = top - 1;
    while (taken >= limb_bits) {
        taken -= limb_bits;
        bits |= limb(next--) << taken;
    }
    bool sticky = (limb(next) & ((std::uint64_t{1} << (limb_bits - taken)) - 1)) != 0;
    bits |= limb(next) >> (limb_bits - taken);
    for (int i = next - 1; i >= 0; --i)
        sticky = sticky || limb(i) != 0;
    // Round 64 bits to 53: nearest, ties to even.
    std::uint64_t mantissa = bits >> 11;
    const std::uint64_t rest = bits & 0x7FF;
    if (rest > 0x400 || (rest == 0x400 && (sticky || (mantissa & 1) != 0))) ++mantissa;
    const int exponent = limb_bits * top + width - 64 + 11 + quantum;
    const double magnitude = std::ldexp(static_cast<double>(mantissa), exponent);
    return negative ? -magnitude : magnitude;
}

} // namespace morphogen::kernel
