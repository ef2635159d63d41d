#include "morphogen/store/user_block.hpp"

#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/new_file.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <filesystem>
#include <fstream>

using namespace morphogen;
namespace fs = std::filesystem;
namespace hdf5 = store::hdf5;

TEST_CASE("a user block that cannot be copied is told") {
    const test::TemporaryDirectory directory;
    const fs::path path = directory / "a.h5";
    store::NewFile file(path, true, 1024);
    CHECK(store::user_block_of(file.file()) == 1024);
    CHECK_THROWS_WITH(store::copy_user_block(directory / "none.h5", file.file(), 1024),
                      Catch::Contains("cannot open file") && Catch::Contains("none.h5") &&
                          Catch::Contains("No such file"));
    std::ofstream(directory / "short.h5") << "less";
    CHECK_THROWS_WITH(store::copy_user_block(directory / "short.h5", file.file(), 1024),
                      Catch::Contains("short.h5, offset 0") &&
                          Catch::Contains("the file ends in it"));
    file.close();
    const hdf5::File read_only = hdf5::open_file(path, hdf5::Mode::read);
    CHECK_THROWS_WITH(store::copy_user_block(path, read_only, 1024),
                      Catch::Contains("cannot write user block") && Catch::Contains(path.native()));
}
