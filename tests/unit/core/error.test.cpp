#include "morphogen/core/error.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/checked_cast.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace morphogen::core;

TEST_CASE("an error reads: what (where): why; advice, on one line") {
    const Error full(ErrorText{"cannot write", "out/frames.h5", "disk\nfull", "make room"});
    CHECK(std::string(full.what()) == "cannot write (out/frames.h5): disk full; make room");
    CHECK(std::string(Error(ErrorText{.what = "lost", .why = "found"}).what()) == "lost: found");
    CHECK(full.exit_code() == ExitCode::failed);
    CHECK(UsageError("bad").exit_code() == ExitCode::usage);
}

TEST_CASE("checked_cast refuses what does not fit") {
    CHECK(checked_cast<std::uint8_t>(255) == 255);
    CHECK_THROWS_AS(checked_cast<std::uint8_t>(256), Error);
    CHECK_THROWS_AS(checked_cast<std::uint64_t>(-1), Error);
}

TEST_CASE("replace_file replaces whole files and names what it cannot write") {
    const morphogen::test::TemporaryDirectory directory;
    const auto path = directory / "a.txt";
    replace_file(path, "first", Durability::none);
    replace_file(path, "second", Durability::synced);
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    CHECK(text.str() == "second");
    CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
    CHECK_THROWS_WITH(replace_file(directory / "no/a.txt", "", Durability::none),
                      Catch::Contains("no/a.txt"));
}
