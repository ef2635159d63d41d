#include "morphogen/store/reader.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/schema.hpp"

#include "catch.hpp"
#include "error_of.hpp"
#include "sample_frames.hpp"
#include "store/chunk_sink.hpp"
#include "temporary_directory.hpp"

#include <fstream>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace config = morphogen::config;
namespace test = morphogen::test;
using core::Index;

namespace {

config::Config configuration() {
    config::Config c;
    c.grid.shape = {1, 20, 30};
    c.output.chunk = std::vector<Index>{10, 10};
    return c;
}

/// Two parts, left and right, under a virtual frames.h5, as two ranks would write them.
class TwoParts {
public:
    explicit TwoParts(const std::filesystem::path& directory) {
        std::filesystem::create_directory(directory / "parts");
        const config::Config c = configuration();
        const std::vector<core::Box> blocks{{{0, 0, 0}, {1, 20, 13}}, {{0, 0, 13}, {1, 20, 30}}};
        for (int rank = 0; rank < 2; ++rank) {
            layouts.push_back(store::make_layout(c, blocks[static_cast<std::size_t>(rank)]));
            sinks.push_back(
                std::make_unique<store::ChunkSink>(store::SinkFiles{.directory = {directory},
                                                                    .sync = config::Sync::never,
                                                                    .rank = rank,
                                                                    .blocks = blocks},
                                                   layouts.back(), provenance));
        }
        sinks[0]->open_master();
    }

    void write(std::size_t rank, Index frame) {
        test::write_frame(*sinks[rank], layouts[rank], test::sample_frame(layouts[rank], frame));
        sinks[rank]->commit();
    }
    void close() {
        for (auto& sink : sinks)
            sink->close();
    }

    store::Provenance provenance{.config_toml = "seed = 1\n", .host = "h", .ranks = 2};
    std::vector<store::FrameLayout> layouts;
    std::vector<std::unique_ptr<store::ChunkSink>> sinks;
};

std::size_t wrong_cells(const std::vector<double>& cells, Index frame, const core::Box& box) {
    std::size_t wrong = 0;
    const double* cell = cells.data();
    for (Index y = box.lo[1]; y < box.hi[1]; ++y)
        for (Index x = box.lo[2]; x < box.hi[2]; ++x)
            wrong +=
                *cell++ != static_cast<float>(test::sample_value(frame, core::Field::v, {0, y, x}));
    return wrong;
}

bool has(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a run of two parts reads as one and says what it holds") {
    const test::TemporaryDirectory directory;
    TwoParts run(directory.path());
    for (Index n = 0; n < 3; ++n)
        for (std::size_t rank = 0; rank < 2; ++rank)
            run.write(rank, n);
    for (auto& sink : run.sinks)
        sink->publish(3);
    run.close();

    const store::FileReader reader(directory / "frames.h5");
    CHECK_FALSE(reader.is_swmr());
    CHECK(reader.frames() == 3);
    CHECK(reader.records().at(2).step == 30);
    CHECK(reader.records().at(2).statistics[1].mean == 2.375);
    const auto v = reader.dataset("/v");
    CHECK(v.shape == std::vector<Index>{3, 20, 30});
    CHECK(v.type == "float32");
    CHECK(v.layout == store::DataLayout::assembled);
    CHECK(v.sources == std::vector<std::string>{"parts/0000.0000.h5", "parts/0000.0001.h5"});
    std::vector<double> cells(20 * 30);
    reader.read_frame("v", 2, cells);
    CHECK(wrong_cells(cells, 2, {{0, 0, 0}, {1, 20, 30}}) == 0);
    const auto launches = reader.launches();
    REQUIRE(launches.size() == 1);
    CHECK(launches[0].entries.front().first == "time");
    CHECK(launches[0].entries.back().second == "seed = 1\n");

    const store::FileReader part(directory / "parts/0000.0001.h5");
    const auto stored = part.dataset("/v");
    CHECK(stored.chunk == std::vector<Index>{1, 10, 10});
    CHECK(stored.max_shape.front() == -1);
    REQUIRE(stored.filters.size() == 3);
    CHECK(stored.filters[0].id == 2);
    CHECK(stored.filters[1].id == 1);
    CHECK(stored.filters[2].id == 3);
    CHECK(stored.stored_bytes == run.sinks[1]->bytes_stored());
    CHECK(stored.ratio() > 0.5);
}

TEST_CASE("frames count only when every part has them") {
    const test::TemporaryDirectory directory;
    TwoParts run(directory.path());
    run.write(0, 0);
    run.write(1, 0);
    run.write(0, 1); // the second part lags
    for (auto& sink : run.sinks)
        sink->publish(1);
    for (auto& sink : run.sinks)
        sink->abandon();
    run.sinks.clear();
    const store::FileReader reader(directory / "frames.h5");
    CHECK(reader.is_swmr());
    CHECK(reader.frames() == 1);
    std::vector<double> cells(20 * 30);
    reader.read_frame("v", 0, cells);
    CHECK(wrong_cells(cells, 0, {{0, 0, 0}, {1, 20, 30}}) == 0);
    // What only one part has is no frame: stock readers would see fill values.
    CHECK(has(test::error_of([&] { reader.read_frame("v", 1, cells); }), "no frame 1"));
}

TEST_CASE("a missing part is an error and not fill values") {
    const test::TemporaryDirectory directory;
    {
        TwoParts run(directory.path());
        for (std::size_t rank = 0; rank < 2; ++rank)
            run.write(rank, 0);
        run.sinks[0]->publish(1);
        run.close();
    }
    std::filesystem::remove(directory / "parts/0000.0001.h5");
    const auto message = test::error_of([&] { store::FileReader{directory / "frames.h5"}; });
    CHECK(has(message, "parts/0000.0001.h5"));
    CHECK(has(message, "No such file or directory"));
}

TEST_CASE("what cannot be read is named") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "plain.h5";
    {
        auto file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        const std::array<hsize_t, 2> shape{20, 30};
        hdf5::create_dataset(file.get(), "state", H5T_STD_U16BE, hdf5::simple_space(shape),
                             hdf5::dataset_creation());
        file.close();
    }
    const store::FileReader reader(path);
    CHECK_FALSE(reader.frames().has_value());
    CHECK(reader.dataset("state").type == "uint16 big-endian");
    CHECK(has(test::error_of([&] { reader.dataset("v"); }), "it has /state"));
    CHECK(has(test::error_of([&] { store::FileReader{directory / "none.h5"}; }),
              "No such file or directory"));
    std::ofstream(directory / "text.h5") << "not HDF5";
    CHECK(has(test::error_of([&] { store::FileReader{directory / "text.h5"}; }), "text.h5"));
}

TEST_CASE("an initial state comes from a frame or a plain dataset of the grid's shape") {
    const test::TemporaryDirectory directory;
    const auto path = (directory / "frames.h5").string();
    const auto layout = store::make_layout(configuration(), {{0, 0, 0}, {1, 20, 30}});
    {
        store::ChunkSink sink(store::SinkFiles{.directory = {std::filesystem::path(directory / "")},
                                               .sync = config::Sync::never,
                                               .blocks = {layout.block}},
                              layout, store::Provenance{});
        for (Index n = 0; n < 3; ++n)
            test::write_frame(sink, layout, test::sample_frame(layout, n));
        sink.close();
    }
    const core::Box box{{0, 5, 7}, {1, 11, 29}};
    std::vector<double> cells(static_cast<std::size_t>(core::volume(box.shape())));
    config::InitialFile file{path, "v", -1, core::Field::v};
    store::read_initial_file(file, layout.global, box, cells.data());
    CHECK(wrong_cells(cells, 2, box) == 0);
    file.frame = 1;
    store::read_initial_file(file, layout.global, box, cells.data());
    CHECK(wrong_cells(cells, 1, box) == 0);
    file.frame = -4;
    CHECK(has(
        test::error_of([&] { store::read_initial_file(file, layout.global, box, cells.data()); }),
        "no frame -4"));
    file.frame = 0;
    CHECK(has(test::error_of([&] {
                  store::read_initial_file(file, {1, 20, 31}, box, cells.data());
              }),
              "it is [3, 20, 30], the grid [20, 31]"));
}
