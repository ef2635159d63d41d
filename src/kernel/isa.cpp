#include "morphogen/kernel/isa.hpp"

#include <array>
#include <cstddef>

namespace morphogen::kernel {

namespace {

constexpr std::array<std::string_view, 4> names{"baseline", "avx2", "avx512", "neon"};

struct Available {
    std::array<Isa, names.size()> isas{Isa::baseline};
    std::size_t count = 1;

    void add(Isa isa) noexcept { isas[count++] = isa; }
};

Available detect() noexcept {
    Available found;
#if defined(__x86_64__)
    // These also ask whether the operating system saves the wide registers.
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        found.add(Isa::avx2);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
            found.add(Isa::avx512);
    }
#elif defined(__aarch64__)
    found.add(Isa::neon);
#endif
    return found;
}

} // namespace

std::string_view name_of(Isa isa) noexcept {
    return names[static_cast<std::size_t>(isa)];
}

std::optional<Isa> parse_isa(std::string_view name) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<Isa>(i);
    return std::nullopt;
}

std::span<const Isa> available_isas() noexcept {
    static const Available found = detect();
    return {found.isas.data(), found.count};
}

bool uses_fma(Isa isa) noexcept {
#if defined(__FP_FAST_FMAF) && defined(__FP_FAST_FMA)
    static_cast<void>(
        isa); // the compiler's own target has it: AArch64, or x86 built for a newer processor
    return true;
#else
    return isa != Isa::baseline;
#endif
}

} // namespace morphogen::kernel
