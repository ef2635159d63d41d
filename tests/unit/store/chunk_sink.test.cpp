#include "store/chunk_sink.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/library.hpp"
#include "morphogen/store/schema.hpp"

#include "catch.hpp"
#include "sample_frames.hpp"
#include "temporary_directory.hpp"

#include <numeric>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace config = morphogen::config;
namespace test = morphogen::test;
using core::Index;

namespace {

config::Config small_2d() {
    config::Config c;
    c.grid.shape = {1, 37, 53};
    c.output.chunk = std::vector<Index>{10, 20};
    c.output.fields = {core::Field::u, core::Field::v};
    c.output.codec = {morphogen::codec::Compressor::deflate, 1};
    return c;
}

config::Config small_3d() {
    config::Config c = small_2d();
    c.grid.dims = 3;
    c.grid.shape = {7, 9, 11};
    c.grid.precision = core::Precision::f64;
    c.output.chunk = std::vector<Index>{4, 4, 8};
    return c;
}

store::FrameLayout whole(const config::Config& c) {
    return store::make_layout(c, {{0, 0, 0}, c.grid.shape});
}

std::unique_ptr<store::ChunkSink> open_sink(const std::filesystem::path& path,
                                            const store::FrameLayout& layout) {
    return std::make_unique<store::ChunkSink>(
        store::SinkFiles{.directory = {path.parent_path()}, .blocks = {layout.block}}, layout,
        store::Provenance{.config_toml = "[grid]\n"});
}

/// Every frame's bytes of one field, through HDF5's own filters.
template <typename Cell>
void check_frames(const std::filesystem::path& path, const store::FrameLayout& layout,
                  core::Field field, Index frames) {
    const auto file = hdf5::open_file(path, hdf5::Mode::read);
    const auto data = hdf5::open_dataset(file.get(), std::string(core::name_of(field)).c_str());
    const auto shape = store::frame_shape(layout.dims, static_cast<hsize_t>(frames), layout.global);
    REQUIRE(hdf5::shape_of(data) == shape);
    const auto space = hdf5::space_of(data);
    std::vector<Cell> cells(static_cast<std::size_t>(frames * core::volume(layout.global)));
    hdf5::read(data, std::is_same_v<Cell, float> ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE, space,
               space, cells.data());
    std::size_t wrong = 0;
    const Cell* cell = cells.data();
    for (Index t = 0; t < frames; ++t)
        for (Index z = 0; z < layout.global[0]; ++z)
            for (Index y = 0; y < layout.global[1]; ++y)
                for (Index x = 0; x < layout.global[2]; ++x)
                    wrong += *cell++ != static_cast<Cell>(test::sample_value(t, field, {z, y, x}));
    CHECK(wrong == 0);
}

} // namespace

TEST_CASE("a single file returns every frame bit for bit through stock filters") {
    const test::TemporaryDirectory directory;
    const auto c = GENERATE(small_2d(), small_3d());
    const auto layout = whole(c);
    const auto path = directory / "frames.h5";
    const auto sink = open_sink(path, layout);
    constexpr Index frames = 5;
    for (Index n = 0; n < frames; ++n) {
        test::write_frame(*sink, layout, test::sample_frame(layout, n));
        CHECK(sink->committed() == n);
        sink->commit();
        CHECK(sink->committed() == n + 1);
    }
    sink->close();
    CHECK(sink->bytes_stored() > 0);
    for (const auto field : layout.fields)
        if (layout.precision == core::Precision::f32)
            check_frames<float>(path, layout, field, frames);
        else
            check_frames<double>(path, layout, field, frames);
}

TEST_CASE("a commit of several frames counts them all") {
    const test::TemporaryDirectory directory;
    const auto layout = whole(small_2d());
    const auto path = directory / "frames.h5";
    const auto sink = open_sink(path, layout);
    for (Index n = 0; n < 3; ++n)
        test::write_frame(*sink, layout, test::sample_frame(layout, n));
    sink->commit();
    CHECK(sink->flushed() == 3);
    sink->close();
    const auto file = hdf5::open_file(path, hdf5::Mode::read);
    CHECK(hdf5::shape_of(hdf5::open_dataset(file.get(), "step")) == std::vector<hsize_t>{3});
    CHECK(hdf5::shape_of(hdf5::open_dataset(file.get(), "stats/u_mean")) ==
          std::vector<hsize_t>{3});
}

TEST_CASE("an open file shows committed frames to readers that ask for swmr") {
    const test::TemporaryDirectory directory;
    const auto layout = whole(small_2d());
    const auto path = directory / "frames.h5";
    const auto sink = open_sink(path, layout);
    test::write_frame(*sink, layout, test::sample_frame(layout, 0));
    sink->commit();
    test::write_frame(*sink, layout, test::sample_frame(layout, 1));
    const auto copy = directory / "copy.h5"; // the library shares one open file within a process
    std::filesystem::copy_file(path, copy);
    CHECK_THROWS_AS(hdf5::open_file(copy, hdf5::Mode::read), core::Error);
    const auto file = hdf5::open_file(copy, hdf5::Mode::read_swmr);
    CHECK(hdf5::shape_of(hdf5::open_dataset(file.get(), "step")) == std::vector<hsize_t>{1});
    sink->close();
}

TEST_CASE("an abandoned file stays as a kill would leave it") {
    const test::TemporaryDirectory directory;
    const auto layout = whole(small_2d());
    const auto path = directory / "frames.h5";
    {
        const auto sink = open_sink(path, layout);
        test::write_frame(*sink, layout, test::sample_frame(layout, 0));
        sink->commit();
        test::write_frame(*sink, layout, test::sample_frame(layout, 1));
        sink->abandon();
    }
    CHECK_THROWS_AS(hdf5::open_file(path, hdf5::Mode::read), core::Error);
    const auto file = hdf5::open_file(path, hdf5::Mode::read_swmr);
    CHECK(hdf5::shape_of(hdf5::open_dataset(file.get(), "step")) == std::vector<hsize_t>{1});
}

TEST_CASE("a commit leaves no part of what it counts beyond the file's end") {
    // Readers that ask for swmr do not look at that end; those after `h5clear -s` do.
    const test::TemporaryDirectory directory;
    config::Config c = small_2d();
    c.grid.shape = {1, 4, 5};
    c.output.chunk = std::vector<Index>{4, 5};
    const auto layout = whole(c);
    const auto path = directory / "frames.h5";
    const auto sink = open_sink(path, layout);
    const auto check = [&](Index frames, const std::filesystem::path& copy) {
        std::filesystem::copy_file(path, copy);
        const auto file =
            hdf5::open_file(copy, hdf5::Mode::write, hdf5::file_access_clearing_flags());
        for (const char* column : {"step", "time", "stats/v_mean"}) {
            const auto data = hdf5::open_dataset(file.get(), column);
            const auto space = hdf5::space_of(data);
            REQUIRE(hdf5::shape_of(space).front() == static_cast<hsize_t>(frames));
            std::vector<double> values(static_cast<std::size_t>(frames));
            CHECK_NOTHROW(hdf5::read(data, H5T_NATIVE_DOUBLE, space, space, values.data()));
        }
    };
    constexpr Index grown = store::schema::records_per_chunk + 1; // the columns' second chunks
    for (Index n = 0; n < grown; ++n) {
        test::write_frame(*sink, layout, test::sample_frame(layout, n));
        sink->commit();
        if (n == 0 || n == 1) check(n + 1, directory / std::to_string(n));
    }
    check(grown, directory / "grown.h5");
    sink->close();
}

TEST_CASE("a directory that cannot be written is named with the reason") {
    const test::TemporaryDirectory directory;
    const auto layout = whole(small_2d());
    std::string message;
    try {
        open_sink(directory / "nowhere" / "frames.h5", layout);
    } catch (const core::Error& error) {
        message = error.what();
    }
    CHECK(message.find("cannot create file") == 0);
    CHECK(message.find("nowhere/frames.h5") != std::string::npos);
    CHECK(message.find("No such file or directory") != std::string::npos);
}

TEST_CASE("the host program keeps its own error handler") {
    static int called = 0;
    const H5E_auto2_t count = [](hid_t, void*) -> herr_t { return ++called, 0; };
    H5E_auto2_t before = nullptr;
    void* data = nullptr;
    H5Eget_auto2(H5E_DEFAULT, &before, &data);
    H5Eset_auto2(H5E_DEFAULT, count, nullptr);
    CHECK_THROWS_AS(hdf5::open_file("/nonexistent.h5", hdf5::Mode::read), core::Error);
    CHECK(called == 0);
    CHECK(H5Dclose(-5) < 0); // the host's own mistake reaches the host's handler
    CHECK(called == 1);
    {
        const store::QuietLibrary quiet; // once for many calls
        CHECK_THROWS_AS(hdf5::open_file("/nonexistent.h5", hdf5::Mode::read), core::Error);
        CHECK(H5Dclose(-5) < 0);
        CHECK(called == 1);
    }
    CHECK(H5Dclose(-5) < 0);
    CHECK(called == 2);
    H5Eset_auto2(H5E_DEFAULT, before, data);
}
