#include "morphogen/run/frame_encoder.hpp"

#include "morphogen/codec/decoder.hpp"

#include "catch.hpp"

#include <cstring>
#include <random>
#include <utility>
#include <vector>

using namespace morphogen;
using core::Index;

namespace {

using Bytes = std::vector<std::byte>;

struct Case {
    const char* name;
    core::Extents shape;
    std::vector<Index> chunk;
    core::Precision precision = core::Precision::f32;
    const char* codec = "deflate:1";
    bool shuffle = true;
    run::Rounding rounding = {};
};

store::FrameLayout layout_of(const Case& c) {
    config::Config config;
    config.grid.dims = c.shape[0] == 1 ? 2 : 3;
    config.grid.shape = c.shape;
    config.grid.precision = c.precision;
    config.output.chunk = c.chunk;
    config.output.codec = codec::parse_codec(c.codec);
    config.output.shuffle = c.shuffle;
    config.output.fields = {core::Field::u, core::Field::v};
    return store::make_layout(config, {{0, 0, 0}, c.shape});
}

template <typename T>
void fill(std::span<std::byte> bytes, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<T> number(T(-1), T(1));
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
        const T x = number(random);
        std::memcpy(bytes.data() + at, &x, sizeof x);
    }
}

store::Frame frame_of(const store::FrameLayout& layout, unsigned seed) {
    store::Frame frame;
    frame.cells = core::AlignedBuffer<std::byte>(layout.frame_bytes());
    if (layout.precision == core::Precision::f32)
        fill<float>(frame.cells.span(), seed);
    else
        fill<double>(frame.cells.span(), seed);
    return frame;
}

/// What a reader gets of each chunk of each frame, in the order of delivery.
std::vector<Bytes> decoded(const store::FrameLayout& layout, const Case& c,
                           const std::vector<store::Frame>& frames, int threads) {
    run::FrameEncoder encoder(layout, c.rounding, threads);
    codec::ChunkDecoder decoder(layout.filters, layout.chunk_bytes());
    std::vector<Bytes> chunks;
    std::size_t next = 0;
    const auto offer = [&](bool) -> run::FrameOffer {
        if (next == frames.size()) return {run::FrameOffer::Kind::end};
        return {run::FrameOffer::Kind::frame, &frames[next++]};
    };
    const auto put = [&](const run::EncodedChunk& chunk) {
        Bytes& raw = chunks.emplace_back(layout.chunk_bytes());
        decoder.decode(chunk.stored, raw);
    };
    encoder.encode({offer, put});
    CHECK(encoder.compress_cpu_seconds() > 0.0);
    return chunks;
}

} // namespace

TEST_CASE("a decoded chunk is the gathered and rounded one, wherever its rows lie") {
    using core::Precision;
    const auto c = GENERATE(
        Case{"whole rows", {1, 24, 40}, {8, 40}}, Case{"parts of rows", {1, 24, 64}, {8, 32}},
        Case{"beyond both edges", {1, 25, 50}, {8, 33}},
        Case{"3-D beyond every edge", {5, 7, 45}, {2, 3, 40}, Precision::f64},
        Case{"no codec", {1, 25, 50}, {8, 33}, Precision::f32, "none"},
        Case{"no shuffle", {1, 25, 50}, {8, 33}, Precision::f64, "zstd:1", false},
        Case{"nothing at all", {1, 25, 50}, {8, 50}, Precision::f32, "none", false},
        Case{"bits dropped", {1, 25, 50}, {8, 33}, Precision::f32, "lz4", true, {9, 0.0}},
        Case{"within an error", {1, 24, 64}, {8, 32}, Precision::f64, "lz4", true, {0, 1e-3}});
    const int threads = GENERATE(1, 3);
    CAPTURE(c.name, threads);
    const store::FrameLayout layout = layout_of(c);
    std::vector<store::Frame> frames;
    for (unsigned seed = 1; seed <= 3; ++seed)
        frames.push_back(frame_of(layout, seed));
    const std::vector<Bytes> found = decoded(layout, c, frames, threads);

    std::vector<Bytes> expected;
    for (const store::Frame& frame : frames)
        for (std::size_t field = 0; field < layout.fields.size(); ++field)
            for (Index chunk = 0; chunk < layout.chunks(); ++chunk) {
                Bytes& raw = expected.emplace_back(layout.chunk_bytes());
                store::gather_chunk(layout, chunk,
                                    frame.cells.data() + field * layout.field_bytes(), raw.data());
                run::round_cells(raw, layout.precision, c.rounding);
            }
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        CAPTURE(i);
        REQUIRE(found[i] == expected[i]);
    }
}
