#include "morphogen/codec/crc32.hpp"

#include "catch.hpp"

#include <string_view>

using morphogen::codec::crc32;

TEST_CASE("crc32 is zlib's, in one piece or several") {
    constexpr std::string_view text = "123456789"; // its check value: ITU-T V.42
    const auto bytes = std::as_bytes(std::span(text));
    CHECK(crc32(bytes) == 0xcbf43926U);
    CHECK(crc32(bytes.subspan(4), crc32(bytes.first(4))) == 0xcbf43926U);
    CHECK(crc32(bytes.subspan(9), crc32(bytes)) == 0xcbf43926U);
    CHECK(crc32({}) == 0);
}
