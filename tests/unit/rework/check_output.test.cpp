#include "rework/check_output.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/crops.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "sample_run.hpp"
#include "temporary_directory.hpp"

#include <filesystem>
#include <memory>

using namespace morphogen;

TEST_CASE("what is read is never written over however it is named") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 2, 2);
    const auto frames = directory / "frames.h5";
    const store::DatasetReader reader(std::make_shared<store::FileReader>(frames), "/v");
    const auto inputs = rework::inputs_of(reader);
    const auto part = directory / "parts/0000.0001.h5";
    const auto link = directory / "link.h5";
    std::filesystem::create_symlink(part, link);
    for (const auto& out : {frames, part, link})
        CHECK_THROWS_AS(rework::check_output(out, inputs), core::UsageError);
    CHECK_NOTHROW(rework::check_output(directory / "new.h5", inputs));

    rework::CropOptions options{.shape = {1, 4, 4}, .count = 1};
    options.replace = true;
    options.budget.memory = std::uint64_t{1} << 26;
    const auto size = std::filesystem::file_size(part);
    CHECK_THROWS_WITH(rework::write_crops(reader, part, options),
                      Catch::Contains("cannot write over the input"));
    CHECK(std::filesystem::file_size(part) == size);
}
