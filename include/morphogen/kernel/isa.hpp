#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace morphogen::kernel {

/// Instruction sets the step is compiled for. All but `baseline` on x86-64 use FMA and give the
/// same bits.
enum class Isa { baseline, avx2, avx512, neon };

std::string_view name_of(Isa isa) noexcept;
std::optional<Isa> parse_isa(std::string_view name) noexcept;

/// What this build holds and this processor runs, best last. Never empty.
std::span<const Isa> available_isas() noexcept;
inline Isa best_isa() noexcept {
    return available_isas().back();
}

/// Whether the instruction set's step uses fused multiply-add: the two kinds differ in the last
/// bits.
bool uses_fma(Isa isa) noexcept;

} // namespace morphogen::kernel
