#pragma once

#include <span>

/// Lossy, opt-in preparation of values for better compression (SPEC section 2). All of it is
/// integer arithmetic on the bit patterns: independent of rounding mode and of flush-to-zero, the
/// same bits on every machine. Any thread.
namespace morphogen::codec {

/// Keeps @p keep_bits mantissa bits of every normal value, rounding to nearest, ties to even:
/// relative error at most 2^-(keep_bits+1). Zeros, subnormals, infinities and NaNs stay as they
/// are, bit by bit; so does a finite value that would round to infinity. keep_bits 0, or the
/// mantissa's 23 (52) and more: nothing changes.
void round_mantissa(std::span<float> values, int keep_bits) noexcept;
void round_mantissa(std::span<double> values, int keep_bits) noexcept;

/// Rounds every value to the nearest multiple of the largest power of two q with q/2 <= max_error,
/// ties to even, so that |x' - x| <= max_error for every x. Zeros, subnormals, infinities and NaNs
/// stay as they are, bit by bit; so does a finite value that would round to infinity. What rounds
/// to zero keeps its sign. max_error 0: nothing changes; it is finite and not negative.
void round_absolute(std::span<float> values, double max_error) noexcept;
void round_absolute(std::span<double> values, double max_error) noexcept;

} // namespace morphogen::codec
