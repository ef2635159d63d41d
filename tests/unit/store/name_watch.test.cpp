#include "morphogen/store/name_watch.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

using namespace morphogen;
namespace fs = std::filesystem;

namespace {

/// A file that is open as long as this lives.
class OpenFile {
public:
    explicit OpenFile(const fs::path& path)
        : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)) {
        REQUIRE(fd_ >= 0);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() { ::close(fd_); }
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

std::string told(const store::NameWatch& watch) {
    try {
        watch.look();
    } catch (const core::Error& error) {
        return error.what();
    }
    return {};
}

} // namespace

TEST_CASE("a name that does not mean the open file any more is told") {
    const test::TemporaryDirectory directory;
    const fs::path folder = directory / "out";
    fs::create_directory(folder);
    const fs::path path = folder / "frames.h5";
    const OpenFile file(path);
    const store::NameWatch watch(path, file.get());
    REQUIRE(told(watch).empty());
    SECTION("removed") {
        fs::remove(path);
        CHECK(told(watch).find("removed or moved away (" + path.native()) != std::string::npos);
    }
    SECTION("in a directory that was moved, and moved back") {
        fs::rename(folder, directory / "aside");
        CHECK(told(watch).find("removed or moved away (" + path.native()) != std::string::npos);
        fs::rename(directory / "aside", folder);
        CHECK(told(watch).empty());
    }
    SECTION("replaced") {
        fs::rename(path, folder / "saved");
        std::ofstream(path) << "somebody else's";
        CHECK(told(watch).find("taken the place") != std::string::npos);
    }
    SECTION("another name for the same file changes nothing") {
        fs::create_hard_link(path, folder / "second");
        fs::rename(folder / "second", path);
        CHECK(told(watch).empty());
    }
}

TEST_CASE("nothing is watched where a name and its file never agree") {
    const test::TemporaryDirectory directory;
    const OpenFile file(directory / "one");
    CHECK(told(store::NameWatch(directory / "two", file.get())).empty());
}
