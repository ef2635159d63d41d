#include "morphogen/kernel/flush_subnormals.hpp"

#include "catch.hpp"

#include <limits>
#include <optional>

using namespace morphogen::kernel;

namespace {

// Not known to the compiler, so that the processor divides.
volatile float smallest = std::numeric_limits<float>::min();
volatile float half = 0.5f;
volatile float subnormal = 1e-40f;

bool flushes_results() {
    return smallest * half == 0.0f;
}
bool flushes_operands() {
    return subnormal * 1e20f == 0.0f;
}

} // namespace

TEST_CASE("subnormals are flushed while it lives and the mode found is restored") {
    REQUIRE(!flushes_results());
    REQUIRE(!flushes_operands());
    {
        const FlushSubnormals outer;
        CHECK(flushes_results());
        CHECK(flushes_operands());
        {
            const FlushSubnormals inner;
            CHECK(flushes_results());
        }
        CHECK(flushes_results()); // the outer mode, not the process's
    }
    CHECK(!flushes_results());
    CHECK(!flushes_operands());
}

TEST_CASE("the mode is restored when an exception passes") {
    try {
        const FlushSubnormals flush;
        throw 1;
    } catch (int) {
    }
    CHECK(!flushes_results());
}
