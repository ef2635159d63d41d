#include "morphogen/store/layout.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

#include <cstring>
#include <numeric>
#include <vector>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace config = morphogen::config;
using core::Extents;
using core::Index;

namespace {

store::FrameLayout automatic(int dims, const Extents& shape) {
    config::Config c;
    c.grid.dims = dims;
    c.grid.shape = shape;
    return store::make_layout(c, {{0, 0, 0}, shape});
}

} // namespace

TEST_CASE("automatic chunks divide a frame evenly and stay readable") {
    CHECK(automatic(2, {1, 1080, 1920}).chunk == Extents{1, 270, 480});
    CHECK(automatic(2, {1, 64, 128}).chunk == Extents{1, 64, 128});
    for (const Extents& shape :
         {Extents{1, 4320, 7680}, Extents{1, 3, 1000000}, Extents{512, 512, 512}}) {
        const auto layout = automatic(shape[0] > 1 ? 3 : 2, shape);
        CHECK(layout.chunk_bytes() <= std::size_t{1} << 20);
        CHECK(layout.chunk_bytes() >= std::size_t{1} << 18);
    }
}

TEST_CASE("given chunks are clipped to the block") {
    config::Config c;
    c.grid.shape = {1, 100, 100};
    c.output.chunk = std::vector<Index>{1000, 30};
    const auto layout = store::make_layout(c, {{0, 50, 0}, {1, 100, 100}});
    CHECK(layout.chunk == Extents{1, 50, 30});
    CHECK(layout.chunks() == 4);
    CHECK(layout.chunk_box(3) == core::Box{{0, 0, 90}, {1, 50, 100}});
    CHECK(layout.frame_bytes() == 50 * 100 * 4);
}

TEST_CASE("a shared file has one chunk shape for every block") {
    config::Config c;
    c.output.layout = config::Layout::shared;
    const auto a = store::make_layout(c, {{0, 0, 0}, {1, 1080, 7}});
    const auto b = store::make_layout(c, {{0, 0, 7}, {1, 1080, 1920}});
    CHECK(a.chunk == b.chunk);
}

TEST_CASE("a chunk beyond what the format stores is a usage error") {
    config::Config c;
    c.grid.shape = {1, 40000, 40000};
    c.output.chunk = std::vector<Index>{40000, 40000};
    CHECK_THROWS_AS(store::make_layout(c, {{0, 0, 0}, c.grid.shape}), core::UsageError);
}

TEST_CASE("a gathered chunk has its cells and repeats the nearest beyond the edge") {
    config::Config c;
    c.grid.dims = 3;
    c.grid.shape = {3, 5, 7};
    c.grid.precision = core::Precision::f64;
    c.output.chunk = std::vector<Index>{2, 3, 4};
    const auto layout = store::make_layout(c, {{0, 0, 0}, c.grid.shape});
    std::vector<double> field(3 * 5 * 7);
    std::iota(field.begin(), field.end(), 0.0);
    std::vector<double> raw(2 * 3 * 4);
    std::size_t wrong = 0;
    for (Index chunk = 0; chunk < layout.chunks(); ++chunk) {
        store::gather_chunk(layout, chunk, reinterpret_cast<const std::byte*>(field.data()),
                            reinterpret_cast<std::byte*>(raw.data()));
        const Extents lo = layout.chunk_box(chunk).lo;
        for (Index i = 0; i < 24; ++i) {
            const Index z = std::min<Index>(lo[0] + i / 12, 2);
            const Index y = std::min<Index>(lo[1] + i / 4 % 3, 4);
            const Index x = std::min<Index>(lo[2] + i % 4, 6);
            wrong += raw[static_cast<std::size_t>(i)] != static_cast<double>((z * 5 + y) * 7 + x);
        }
    }
    CHECK(layout.chunks() == 8);
    CHECK(wrong == 0);
}
