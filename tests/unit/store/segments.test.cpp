#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_directory.hpp"

#include "catch.hpp"
#include "error_of.hpp"
#include "sample_frames.hpp"
#include "temporary_directory.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace config = morphogen::config;
namespace mpi = morphogen::mpi;
namespace test = morphogen::test;
using core::Index;

namespace {

config::Config small(Index frames_per_file = 0) {
    config::Config c;
    c.grid.shape = {1, 37, 53};
    c.output.chunk = std::vector<Index>{10, 20};
    c.output.fields = {core::Field::u, core::Field::v};
    c.output.sync = config::Sync::never;
    c.output.frames_per_file = frames_per_file;
    return c;
}

/// A launch of one rank that stores frames up to @p end, from @p kept on if it resumes.
class Launch {
public:
    Launch(const std::filesystem::path& directory, const config::Config& config,
           std::optional<Index> kept = std::nullopt)
        : layout_(store::make_layout(config, {{0, 0, 0}, config.grid.shape})),
          next_(kept.value_or(0)),
          sink_(store::open_sink(config, store::RunDirectory{directory}, layout_,
                                 {.config_toml = "[grid]\n"}, mpi::Communicator(), kept)) {}

    void store(Index frames) {
        for (Index n = 0; n < frames; ++n, ++next_) {
            test::write_frame(*sink_, layout_, test::sample_frame(layout_, next_));
            sink_->commit();
        }
    }
    store::FrameSink& sink() { return *sink_; }
    const store::FrameLayout& layout() const { return layout_; }

private:
    store::FrameLayout layout_;
    Index next_;
    std::unique_ptr<store::FrameSink> sink_;
};

/// The whole run, cell by cell, as readers of frames.h5 see it.
void check_run(const std::filesystem::path& directory, Index frames) {
    const store::FileReader reader(directory / "frames.h5");
    REQUIRE(reader.frames() == frames);
    const auto records = reader.records();
    for (Index n = 0; n < frames; ++n) {
        CHECK(records[static_cast<std::size_t>(n)].step == test::sample_record(n).step);
        for (const core::Field field : {core::Field::u, core::Field::v}) {
            std::vector<float> cells(37 * 53);
            reader.read_frame("/" + std::string(core::name_of(field)), n, std::span<float>(cells));
            std::size_t wrong = 0;
            for (Index y = 0; y < 37; ++y)
                for (Index x = 0; x < 53; ++x)
                    wrong += cells[static_cast<std::size_t>(y * 53 + x)] !=
                             static_cast<float>(test::sample_value(n, field, {0, y, x}));
            CAPTURE(n);
            CHECK(wrong == 0);
        }
    }
}

} // namespace

TEST_CASE("segments: each holds its frames, frames.h5 all of them") {
    const test::TemporaryDirectory directory;
    const std::filesystem::path root = directory / "run";
    Launch launch(root, small(3));
    const Index frames = GENERATE(2, 3, 4, 6, 8);
    launch.store(frames);
    CHECK(launch.sink().committed() == frames);
    CHECK(launch.sink().segment_start() == (frames - 1) / 3 * 3);
    launch.sink().close();
    check_run(root, frames);
    const Index segments = (frames + 2) / 3;
    if (segments == 1) CHECK(!std::filesystem::exists(root / "parts"));
    for (Index s = 0; segments > 1 && s < segments; ++s) {
        const store::FileReader part(store::RunDirectory{root}.part(s, 0));
        CHECK(part.frames() == std::min<Index>(3, frames - 3 * s));
    }
}

TEST_CASE("segments: a resumed run goes on in the same file, and compares what it stored") {
    const test::TemporaryDirectory directory;
    const std::filesystem::path root = directory / "run";
    {
        Launch launch(root, small());
        launch.store(4);
        launch.sink().close();
    }
    {
        Launch launch(root, small(), 4);
        CHECK(launch.sink().flushed() == 4);
        CHECK(launch.sink().committed() == 4);
        launch.sink().check_stored(test::sample_frame(launch.layout(), 3));
        auto other = test::sample_frame(launch.layout(), 2);
        other.cells.data()[4 * (5 * 53 + 7) + 1] ^= std::byte{4};
        const std::string message = test::error_of([&] { launch.sink().check_stored(other); });
        CHECK_THAT(message, Catch::Contains("/u, frame 2, cell (5, 7)") &&
                                Catch::Contains("is stored") && Catch::Contains("was computed"));
        launch.store(2);
        launch.sink().close();
    }
    check_run(root, 6);
    CHECK(!std::filesystem::exists(root / "parts"));
}

TEST_CASE("segments: where /step was rewritten in another form, a run goes on in a new segment") {
    const test::TemporaryDirectory directory;
    {
        Launch launch(directory.path(), small());
        launch.store(3);
        launch.sink().close();
    }
    {
        const auto file = hdf5::open_file(directory / "frames.h5", hdf5::Mode::write);
        REQUIRE(H5Ldelete(file.get(), "step", H5P_DEFAULT) >= 0);
        struct Form {
            hid_t type;
            hsize_t chunk;
            bool compressed;
        };
        const Form form =
            GENERATE(Form{H5T_STD_I64LE, 64, true}, Form{H5T_STD_I64LE, 100000, false},
                     Form{H5T_STD_I64BE, 64, false}, Form{H5T_IEEE_F64LE, 64, false});
        const std::array<hsize_t, 1> chunk{form.chunk};
        const std::array<hsize_t, 1> length{3};
        const std::array<hsize_t, 1> unlimited{H5S_UNLIMITED};
        const hdf5::Properties creation = hdf5::dataset_creation();
        hdf5::set_chunk(creation, chunk);
        if (form.compressed) REQUIRE(H5Pset_deflate(creation.get(), 1) >= 0);
        const auto step = hdf5::create_dataset(file.get(), "step", form.type,
                                               hdf5::simple_space(length, unlimited), creation);
        std::vector<std::int64_t> steps;
        for (Index n = 0; n < 3; ++n)
            steps.push_back(test::sample_record(n).step);
        hdf5::write(step, H5T_NATIVE_INT64, steps.data());
    }
    {
        Launch launch(directory.path(), small(), 3);
        launch.store(2);
        launch.sink().close();
    }
    check_run(directory.path(), 5);
    CHECK(std::filesystem::exists(directory / "parts/0001.0000.h5"));
}
