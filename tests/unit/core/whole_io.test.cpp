#include "morphogen/core/whole_io.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

using namespace morphogen;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

} // namespace

TEST_CASE("whole reads and writes tell what was moved") {
    const test::TemporaryDirectory directory;
    const int fd = ::open((directory / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    REQUIRE(fd >= 0);
    CHECK(core::write_whole(fd, bytes_of("0123456789")) == 0);
    CHECK(core::write_whole(fd, bytes_of("ab"), 4) == 0);
    CHECK(core::write_whole(fd, {}) == 0);
    std::string read(8, '-');
    const auto out = std::as_writable_bytes(std::span(read));
    CHECK(core::read_whole(fd, out, 2) == 8);
    CHECK(read == "23ab6789");
    CHECK(core::read_whole(fd, out, 7) == 3); // the file ends
    CHECK(read == "789b6789");
    CHECK(core::read_whole(fd, out, 100) == 0);
    ::close(fd);
    CHECK(core::write_whole(fd, bytes_of("x")) == EBADF);
    CHECK(core::write_whole(fd, bytes_of("x"), 0) == EBADF);
    CHECK(core::read_whole(fd, out, 0) == -1);
}
