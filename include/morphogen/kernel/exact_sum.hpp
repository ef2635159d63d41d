#pragma once

#include <array>
#include <cstdint>

namespace morphogen::kernel {

/// A sum of doubles that does not depend on their order, nor on how they were split into partial
/// sums: fixed point with quantum 2^-52. Each value is rounded to that quantum (nearest, ties to
/// even) as it is added; from there on the sum is exact, up to 2^31 partial sums of 2^31 values
/// each. Values must be finite.
class ExactSum {
public:
    /// Limb i weighs 2^(32 i - 52) and lies in [0, 2^32), except the last, which carries the sign.
    /// Plain numbers: an MPI_SUM over the limbs (int64) of normalised sums, followed by
    /// normalise(), is the sum of the sums.
    static constexpr int limb_count = 36;
    using Limbs = std::array<std::int64_t, limb_count>;

    void add(double value) noexcept;
    void add(const ExactSum& other) noexcept;
    /// Adds count * 2^exponent, exponent >= -52.
    void add_scaled(std::int64_t count, int exponent) noexcept;

    /// The double nearest to the sum, ties to even; the same on every platform. Infinity past the
    /// largest double.
    double value() const noexcept;

    const Limbs& limbs() const noexcept { return limbs_; }
    Limbs& limbs() noexcept { return limbs_; }
    /// Carries each limb's excess upwards.
    void normalise() noexcept;

    friend bool operator==(const ExactSum&, const ExactSum&) = default;

private:
    Limbs limbs_{};
};

} // namespace morphogen::kernel
