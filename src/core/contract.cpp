#include "morphogen/core/contract.hpp"

#include <cstdio>
#include <cstdlib>

namespace morphogen::core {

// Compiled in always, so that a program built with contracts can link a library built without.
[[noreturn]] void contract_violated(const char* condition, const char* file, int line) noexcept;

void contract_violated(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "morphogen: contract violated (%s:%d): %s; please report this bug\n", file,
                 line, condition);
    std::abort();
}

} // namespace morphogen::core
