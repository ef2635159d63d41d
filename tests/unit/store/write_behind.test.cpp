#include "store/write_behind.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

using namespace morphogen;
using store::WriteBehind;

namespace {

/// Pages of [from, to) of the file that are in the page cache.
std::size_t cached_pages(int file, std::uint64_t from, std::uint64_t to) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    void* const map =
        ::mmap(nullptr, to - from, PROT_READ, MAP_SHARED, file, static_cast<::off_t>(from));
    REQUIRE(map != MAP_FAILED);
    std::vector<unsigned char> resident((to - from) / page);
    REQUIRE(::mincore(map, to - from, resident.data()) == 0);
    ::munmap(map, to - from);
    return static_cast<std::size_t>(std::count_if(resident.begin(), resident.end(),
                                                  [](unsigned char r) { return (r & 1) != 0; }));
}

} // namespace

TEST_CASE(
    "a large file leaves the page cache behind its writer, but for its beginning and its end") {
    const test::TemporaryDirectory directory;
    struct ::statfs system {};
    REQUIRE(::statfs(directory.path().c_str(), &system) == 0);
    if (system.f_type == TMPFS_MAGIC) {
        WARN("skipped: the temporary directory is memory");
        return;
    }
    const int file = ::open((directory / "file").c_str(), O_RDWR | O_CREAT, 0600);
    REQUIRE(file >= 0);
    constexpr std::uint64_t mib = std::uint64_t{1} << 20;
    constexpr std::uint64_t page = 4096;
    const WriteBehind::Sizes sizes{.kept = 4 * mib, .window = 2 * mib, .lag = 6 * mib};
    constexpr std::uint64_t all = 24 * mib;
    WriteBehind behind(file, sizes);
    const std::vector<char> piece(mib, 'x');
    for (std::uint64_t at = 0; at < all; at += mib) {
        REQUIRE(::pwrite(file, piece.data(), mib, static_cast<::off_t>(at)) ==
                static_cast<::ssize_t>(mib));
        ::fdatasync(file); // as if the disk were quick
        behind.wrote(at + mib);
    }
    CHECK(cached_pages(file, 0, sizes.kept) == sizes.kept / page);
    CHECK(cached_pages(file, sizes.kept, all - sizes.lag - sizes.window) == 0);
    CHECK(cached_pages(file, all - sizes.lag, all) == sizes.lag / page);
    std::vector<char> back(piece.size());
    REQUIRE(::pread(file, back.data(), back.size(), static_cast<::off_t>(sizes.kept)) ==
            static_cast<::ssize_t>(back.size()));
    CHECK(back == piece);
    ::close(file);
}
