#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/reader.hpp"

#include "catch.hpp"
#include "killed_run.hpp"
#include "sample_run.hpp"
#include "temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <string>

namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace test = morphogen::test;

TEST_CASE("a reader beside a writer counts the frames once, before it looks at anything else") {
    const test::TemporaryDirectory earlier;
    const test::TemporaryDirectory later;
    const auto layout = store::make_layout(test::killed_config(), {{0, 0, 0}, {1, 20, 30}});
    {
        store::ChunkSink sink(store::SinkFiles{.directory = {later.path()},
                                               .sync = morphogen::config::Sync::never,
                                               .blocks = {layout.block}},
                              layout, store::Provenance{});
        for (morphogen::core::Index n = 0; n < 5; ++n) {
            if (n == 3) std::filesystem::copy_file(later / "frames.h5", earlier / "frames.h5");
            test::write_frame(sink, layout, test::sample_frame(layout, n));
            sink.commit();
        }
        sink.abandon();
    }
    const store::FileReader reader(earlier / "frames.h5", store::Access::swmr);
    // As its writer goes on: the same file, in the same place.
    std::fstream(earlier / "frames.h5", std::ios::in | std::ios::out | std::ios::binary)
        << test::content(later / "frames.h5");
    const auto step = hdf5::open_dataset(reader.file().get(), "step");
    hdf5::call("H5Drefresh", {.object = step.get()}, [&] { return H5Drefresh(step.get()); });
    REQUIRE(hdf5::shape_of(step).front() == 5);
    CHECK(reader.frames() == 3);
    CHECK(store::FileReader(later / "frames.h5", store::Access::swmr).frames() == 5);
}
