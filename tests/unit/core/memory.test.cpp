#include "morphogen/core/memory.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

using namespace morphogen::core;

TEST_CASE("sizes are read with decimal and binary units") {
    CHECK(parse_size("64MiB") == 64ull << 20);
    CHECK(parse_size("64M") == 64ull << 20);
    CHECK(parse_size("64MB") == 64'000'000ull);
    CHECK(parse_size("1.5 GiB") == 3ull << 29);
    CHECK(parse_size("4096") == 4096);
}

TEST_CASE("what is not a size is refused by name") {
    for (const char* text : {"", "MiB", "-1M", "1XB", "nan", "inf", "1e30", "12 34"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_size(text), UsageError);
    }
    CHECK_THROWS_WITH(parse_size("12 potatoes"),
                      Catch::Contains("12 potatoes") && Catch::Contains("64MiB"));
}

TEST_CASE("sizes are printed for people") {
    CHECK(format_size(512) == "512 B");
    CHECK(format_size(1536) == "1.5 KiB");
    CHECK(format_size(3ull << 30) == "3.0 GiB");
}

TEST_CASE("usable memory is positive and below the address space") {
    CHECK(usable_memory() > 0);
    CHECK(usable_memory() < 1ull << 60);
    CHECK(peak_rss_bytes() > 0);
}
