#include "morphogen/store/new_file.hpp"

#include "morphogen/store/unfinished_files.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <vector>

using namespace morphogen;
using store::NewFile;
namespace fs = std::filesystem;

TEST_CASE("a new file appears when it is closed, and nothing is left without") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "new.h5";
    {
        const NewFile dropped(path, false);
        CHECK(fs::exists(store::unfinished_path(path)));
    }
    CHECK(fs::is_empty(directory.path()));
    NewFile kept(path, false);
    CHECK_FALSE(fs::exists(path));
    kept.close();
    CHECK(fs::exists(path));
    CHECK_FALSE(fs::exists(store::unfinished_path(path)));
    CHECK_THROWS_WITH(NewFile(path, false), Catch::Contains("exists already"));
    NewFile(path, true).close();
    CHECK(fs::exists(path));
}

TEST_CASE("one at a time writes a file") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "new.h5";
    NewFile first(path, true);
    CHECK_THROWS_WITH(NewFile(path, true),
                      Catch::Contains("another process is writing this file") &&
                          Catch::Contains(path.native()));
    first.close();
    std::ofstream(store::unfinished_path(path)) << "left by a kill";
    NewFile(path, true).close();
    CHECK_FALSE(fs::exists(store::unfinished_path(path)));
    CHECK(fs::file_size(path) > 100);
}

TEST_CASE("what another process has put in its place is neither renamed nor removed") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "new.h5";
    const auto beside = store::unfinished_path(path);
    {
        NewFile file(path, true);
        fs::remove(beside);
        std::ofstream(beside) << "another's";
        CHECK_THROWS_WITH(file.close(), Catch::Contains("removed or replaced"));
    }
    CHECK_FALSE(fs::exists(path));
    CHECK(fs::exists(beside));
}

TEST_CASE("links stay, and devices and pipes are not replaced") {
    const test::TemporaryDirectory directory;
    fs::create_directory(directory / "elsewhere");
    const auto link = directory / "link.h5";
    const auto target = directory / "elsewhere" / "target.h5";
    fs::create_symlink(fs::path("elsewhere") / "target.h5", link);
    for (const bool replace : {false, true}) { // first it points to nothing
        NewFile(link, replace).close();
        CHECK(fs::is_symlink(link));
        CHECK(fs::is_regular_file(target));
    }
    const auto pipe = directory / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THROWS_WITH(NewFile(pipe, true), Catch::Contains("a device or a pipe"));
    CHECK(fs::is_fifo(pipe));
}

TEST_CASE("a signal's handler removes what is begun, and nothing else") {
    const test::TemporaryDirectory directory;
    const auto done = directory / "done.h5";
    NewFile finished(done, false);
    finished.close();
    { const NewFile dropped(directory / "dropped.h5", false); }
    std::ofstream(store::unfinished_path(directory / "dropped.h5")) << "of somebody else by now";
    // More than there are places: the rest is left to the objects themselves.
    std::vector<std::unique_ptr<NewFile>> begun;
    for (int i = 0; i < 20; ++i)
        begun.push_back(std::make_unique<NewFile>(directory / (std::to_string(i) + ".h5"), false));
    store::remove_unfinished_files();
    CHECK(fs::exists(done));
    CHECK(fs::exists(store::unfinished_path(directory / "dropped.h5")));
    for (const int i : {0, 7, 15})
        CHECK_FALSE(fs::exists(store::unfinished_path(directory / (std::to_string(i) + ".h5"))));
    begun.clear();
    NewFile next(directory / "next.h5", false); // the places are free again
    store::remove_unfinished_files();
    CHECK_FALSE(fs::exists(store::unfinished_path(directory / "next.h5")));
}
