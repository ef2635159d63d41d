#include "morphogen/codec/spec.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

#include <utility>
#include <vector>

using namespace morphogen;
using namespace morphogen::codec;

TEST_CASE("every codec is read back from its own text") {
    std::vector<Codec> codecs{{Compressor::none, 0}, {Compressor::lz4, 0}};
    for (int level = 1; level <= 9; ++level)
        codecs.push_back({Compressor::deflate, level});
    for (int level = 1; level <= 19; ++level)
        codecs.push_back({Compressor::zstd, level});
    for (const Codec& codec : codecs) {
        CAPTURE(to_string(codec));
        CHECK(parse_codec(to_string(codec)) == codec);
    }
    CHECK(to_string(Codec{}) == "deflate:1");
    CHECK(parse_codec("deflate") == Codec{Compressor::deflate, 1});
    CHECK(parse_codec("zstd") == Codec{Compressor::zstd, 1});
}

TEST_CASE("what is no codec is refused with what is allowed") {
    for (const char* text :
         {"", "gzip", "deflate:", "deflate:0", "deflate:10", "deflate:1x", "deflate: 1", "zstd:20",
          "zstd:-1", "lz4:1", "none:0", "Deflate", "deflate:1:2", "deflate:99999999999"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_codec(text), core::UsageError);
    }
    CHECK_THROWS_WITH(parse_codec("gzip"), Catch::Contains("gzip") && Catch::Contains("deflate:9"));
    CHECK_THROWS_WITH(parse_codec("zstd:20"), Catch::Contains("1 to 19"));
    CHECK_THROWS_WITH(parse_codec("lz4:3"), Catch::Contains("no levels"));
}

TEST_CASE("pipelines name the registered filters and their values") {
    const auto full = hdf5_filters({{Compressor::deflate, 4}, true, true, 8});
    REQUIRE(full.size() == 3);
    CHECK((full[0].id == 2 && full[0].values == std::vector<unsigned>{8}));
    CHECK((full[1].id == 1 && full[1].values == std::vector<unsigned>{4}));
    CHECK((full[2].id == 3 && full[2].values.empty() && !full[2].optional));
    CHECK(hdf5_filters({{Compressor::none, 0}, false, false, 4}).empty());
    CHECK(hdf5_filters({{Compressor::zstd, 7}, false, false, 4})[0].id == 32015);
    CHECK(hdf5_filters({{Compressor::zstd, 7}, false, false, 4})[0].values ==
          std::vector<unsigned>{7});
    CHECK(hdf5_filters({{Compressor::lz4, 0}, false, false, 4})[0].id == 32004);
}

TEST_CASE("a pipeline is known again by its filters, another program's is not") {
    for (const Codec codec : {Codec{Compressor::none, 0}, Codec{Compressor::deflate, 3},
                              Codec{Compressor::zstd, 17}, Codec{Compressor::lz4, 0}})
        for (const bool shuffle : {false, true})
            for (const bool checksum : {false, true}) {
                const FilterPipeline pipeline{codec, shuffle, checksum, 8};
                CAPTURE(to_string(codec), shuffle, checksum);
                CHECK(pipeline_of(hdf5_filters(pipeline), 8) == pipeline);
            }
    auto filters = hdf5_filters({{Compressor::deflate, 4}, true, true, 8});
    CHECK(!pipeline_of(filters, 4)); // shuffled by other elements
    std::swap(filters[0], filters[2]);
    CHECK(!pipeline_of(filters, 8));
    CHECK(!pipeline_of(std::vector<Hdf5Filter>{{32008, true, {}, "bitshuffle"}}, 8));
}
