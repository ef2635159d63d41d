#pragma once

/// MORPHOGEN_EXPECT(condition): a bug of ours if false. Checked in debug builds
/// (MORPHOGEN_CONTRACTS), aborts with the place. Never for what users or files bring: that is an
/// Error, always checked.
#if defined(MORPHOGEN_CONTRACTS)
namespace morphogen::core {
[[noreturn]] void contract_violated(const char* condition, const char* file, int line) noexcept;
}
#    define MORPHOGEN_EXPECT(condition)                                                            \
        ((condition) ? static_cast<void>(0)                                                        \
                     : ::morphogen::core::contract_violated(#condition, __FILE__, __LINE__))
#else
// Not evaluated, but what it names counts as used.
#    define MORPHOGEN_EXPECT(condition) static_cast<void>(sizeof((condition) ? 1 : 0))
#endif
