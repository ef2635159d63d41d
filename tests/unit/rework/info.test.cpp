#include "morphogen/rework/info.hpp"

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/rework/render.hpp"
#include "morphogen/store/run_directory.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "temporary_directory.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

using namespace morphogen;
using core::Index;
namespace fs = std::filesystem;

namespace {

constexpr Index rows = 12;
constexpr Index columns = 20;

float value(Index frame, Index y, Index x) {
    return static_cast<float>(frame) + static_cast<float>(y * columns + x) / 1000.0F;
}

/// A run's directory with uncompressed frames of value(), written by the real sink.
struct SmallRun {
    test::TemporaryDirectory parent;
    fs::path path = parent / "run";
    explicit SmallRun(Index frames) {
        fs::create_directories(path);
        config::Config config;
        config.grid.shape = {1, rows, columns};
        config.output.codec = codec::parse_codec("none");
        config.output.checksum = false;
        config.output.shuffle = false;
        config.output.chunk = std::vector<Index>{rows, columns};
        const store::FrameLayout layout =
            store::make_layout(config, {{0, 0, 0}, config.grid.shape});
        const store::Provenance launch{.config_toml = "[grid]\n",
                                       .host = "somewhere",
                                       .ranks = 1,
                                       .compute_threads = 2,
                                       .io_threads = 2,
                                       .isa = "avx2",
                                       .time = "2026-01-02T03:04:05Z"};
        const auto sink = store::open_sink(config, store::RunDirectory{path}, layout, launch,
                                           mpi::Communicator());
        for (Index f = 0; f < frames; ++f) {
            store::FrameRecord record;
            record.number = f;
            record.step = 34 * (f + 1);
            record.time = static_cast<double>(record.step);
            record.statistics[1] = {value(f, 0, 0), value(f, rows - 1, columns - 1), 0.5};
            std::vector<float> cells;
            for (Index y = 0; y < rows; ++y)
                for (Index x = 0; x < columns; ++x)
                    cells.push_back(value(f, y, x));
            sink->begin_frame(record);
            sink->put_chunk(0, 0, std::as_bytes(std::span(cells)));
            sink->end_frame();
            sink->commit();
        }
        sink->close();
    }
    void report(const std::string& text) const { std::ofstream(path / "report.json") << text; }
};

} // namespace

TEST_CASE("a run's directory is described") {
    const SmallRun run(3);
    run.report("{\n  \"exit\": \"stopped\",\n  \"error\": \"\"\n}\n");
    const rework::FileDescription d = rework::describe(run.path);
    CHECK(d.is_run);
    CHECK_FALSE(d.is_open);
    CHECK(d.frames == 3);
    CHECK(d.outcome.exit == "stopped");
    REQUIRE(d.last);
    CHECK(d.last->step == 102);
    const std::string text = rework::to_text(d);
    CHECK_THAT(text, Catch::Contains("a run, stopped"));
    CHECK_THAT(text, Catch::Contains("3 frames committed, steps 34 to 102"));
    CHECK_THAT(text, Catch::Contains("3 x 12 x 20") && Catch::Contains("float32"));
    CHECK_THAT(text, Catch::Contains("2026-01-02T03:04:05Z  somewhere, 1 rank of 2 + 2 threads"));
    const std::string json = rework::to_json(d);
    CHECK_THAT(json, Catch::Contains("\"frames\": 3") && Catch::Contains("\"shape\": [3, 12, 20]"));
    CHECK_THAT(json, Catch::Contains("\"host\": \"somewhere\""));
}

TEST_CASE("a ratio is told of what is compressed or assembled from other files") {
    rework::FileDescription d;
    store::DatasetInfo plain{.path = "/plain", .shape = {10}, .element_size = 8};
    plain.layout = store::DataLayout::chunked;
    plain.chunk = {1024};
    plain.stored_bytes = 40;
    store::DatasetInfo filtered = plain;
    filtered.filters = {{.id = 1, .name = "deflate", .values = {1}}};
    store::DatasetInfo assembled = plain;
    assembled.layout = store::DataLayout::assembled;
    assembled.sources = {"part.h5"};
    const auto shows_ratio = [&](const store::DatasetInfo& dataset) {
        d.datasets = {dataset};
        const bool in_text = rework::to_text(d).find("2.00") != std::string::npos;
        CHECK(in_text == (rework::to_json(d).find("\"ratio\": null") == std::string::npos));
        return in_text;
    };
    CHECK_FALSE(shows_ratio(plain));
    CHECK(shows_ratio(filtered));
    CHECK(shows_ratio(assembled));
    CHECK_THAT(rework::to_text(d), Catch::Contains("virtual, 1 file "));
}

TEST_CASE("filters have names also where the writer had no plugin that told one") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "a.h5",
        {{.name = "known",
          .chunk = {4, 10, 12},
          .filters = {{.id = 32015, .optional = true, .values = {3}},
                      {.id = 32004, .optional = true}}},
         {.name = "unknown", .chunk = {4, 10, 12}, .filters = {{.id = 4711, .optional = true}}}});
    const std::string text = rework::to_text(rework::describe(path));
    CHECK_THAT(text, Catch::Contains("zstd 3, lz4") && Catch::Contains("filter 4711"));
}

TEST_CASE("a dataset's name cannot drive the terminal") {
    rework::FileDescription d;
    d.datasets = {{.path = "/\x1b[2Jv\n", .shape = {10}, .element_size = 8}};
    CHECK_THAT(rework::to_text(d), Catch::Contains("/ [2Jv ") && !Catch::Contains("\x1b"));
}

TEST_CASE("a failed run shows its error") {
    const SmallRun run(1);
    run.report(R"json({"exit":"failed", "error" : "disk \"full\" (a\\b)"})json");
    const rework::FileDescription d = rework::describe(run.path);
    CHECK(d.outcome.error == "disk \"full\" (a\\b)");
    CHECK_THAT(rework::to_text(d), Catch::Contains("a run, failed: disk"));
}

TEST_CASE("a report that is damaged or missing is no error") {
    const SmallRun run(1);
    for (const char* text :
         {"", "{", "{\"exit\"", "{\"exit\":", "{\"exit\": 3}", "{\"exit\": \"", "\\"}) {
        run.report(text);
        CHECK(rework::describe(run.path).outcome.exit.empty());
    }
    fs::remove(run.path / "report.json");
    CHECK(rework::describe(run.path).outcome.exit.empty());
}

TEST_CASE("what is no HDF5 file is named") {
    const test::TemporaryDirectory directory;
    const fs::path path = directory / "not-hdf5";
    std::ofstream(path) << "hello";
    CHECK_THROWS_WITH(rework::describe(path), Catch::Contains(path.string()));
    fs::remove(path);
    CHECK_THROWS_WITH(rework::describe(path), Catch::Contains(path.string()));
    CHECK_THROWS_AS(rework::open_frames(path, std::nullopt), core::Error);
}

TEST_CASE("frames of a run are read cell by cell") {
    const SmallRun run(4);
    const auto source = rework::open_frames(run.path, std::nullopt);
    CHECK(source->frames() == 4);
    CHECK(source->shape() == core::Extents{1, rows, columns});
    std::vector<double> values(rows * columns);
    source->read(std::array{Index{2}}, 0, 1, values, 1);
    CHECK(values.back() == static_cast<double>(value(2, rows - 1, columns - 1)));
    CHECK(rework::open_frames(run.path / "frames.h5", "v")->frames() == 4);
    CHECK_THROWS_AS(rework::open_frames(run.path, "time"), core::UsageError);
    CHECK_THROWS_WITH(rework::open_frames(run.path, "w"), Catch::Contains("w"));
}

TEST_CASE("a run is rendered") {
    const SmallRun run(2);
    rework::RenderOptions options;
    options.output = (run.path / "img" / "%02d.png").string();
    const auto source = rework::open_frames(run.path, "/v");
    const rework::RenderResult result = rework::render_frames(*source, options);
    CHECK(result.pictures == 2);
    CHECK(result.range_origin == rework::RangeOrigin::statistics);
    CHECK(result.range.low == 0.0);
    CHECK(result.range.high == Approx(1.239));
    CHECK(fs::file_size(run.path / "img" / "01.png") > 100);
    options.frames = rework::FrameSelection::parse("1");
    CHECK(rework::render_frames(*source, options).range.low == 1.0);
}
