#include "morphogen/core/large_pages.hpp"

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

using namespace morphogen::core;

namespace {

#if defined(__linux__)
/// Whether the mapping that holds @p address has the flag `hg`, advice for large pages
/// (proc(5), /proc/pid/smaps, VmFlags).
bool is_advised(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        char dash = 0;
        std::istringstream range(line);
        if (range >> std::hex >> begin >> dash >> end && dash == '-')
            inside = begin <= wanted && wanted < end;
        if (inside && line.starts_with("VmFlags:")) return line.find(" hg") != std::string::npos;
    }
    return false;
}
#endif

} // namespace

TEST_CASE("a large buffer is writable from end to end and asks for large pages") {
    constexpr std::size_t bytes = std::size_t{8} << 20U;
    AlignedBuffer<std::byte> buffer = large_buffer<std::byte>(bytes);
    REQUIRE(buffer.size() == bytes);
    for (std::size_t i = 0; i < bytes; i += 4096)
        buffer[i] = std::byte{1};
    buffer[bytes - 1] = std::byte{2};
    CHECK(buffer[bytes - 4096] == std::byte{1});
#if defined(__linux__)
    CHECK(is_advised(buffer.data() + bytes / 2));
#endif
}

TEST_CASE("less than a page, and nothing, are left alone") {
    CHECK(large_buffer<int>(0).empty());
    AlignedBuffer<int> small = large_buffer<int>(3);
    small[2] = 7;
    CHECK(small[2] == 7);
    ask_for_large_pages(nullptr, 0);
}
