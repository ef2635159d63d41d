#include "morphogen/kernel/isa.hpp"

#include "catch.hpp"

#include <algorithm>

using namespace morphogen::kernel;

TEST_CASE("instruction sets are named both ways") {
    for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512, Isa::neon})
        CHECK(parse_isa(name_of(isa)) == isa);
    CHECK(parse_isa("sse9") == std::nullopt);
    CHECK(parse_isa("") == std::nullopt);
    CHECK(parse_isa("AVX2") == std::nullopt);
}

TEST_CASE("the baseline is always available and the best comes last") {
    const auto isas = available_isas();
    REQUIRE(!isas.empty());
    CHECK(isas.front() == Isa::baseline);
    CHECK(best_isa() == isas.back());
    CHECK(std::ranges::is_sorted(isas));
    CHECK(std::ranges::adjacent_find(isas) == isas.end());
}

TEST_CASE("every set beyond the baseline fuses") {
    for (const Isa isa : {Isa::avx2, Isa::avx512, Isa::neon})
        CHECK(uses_fma(isa));
#if defined(__aarch64__)
    CHECK(uses_fma(Isa::baseline));
#endif
}
