#include "store/hdf5/superblock.hpp"

#include "morphogen/core/descriptor.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/little_endian.hpp"
#include "morphogen/core/whole_io.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <span>
#include <string_view>

namespace morphogen::store::hdf5 {
namespace {

/// Three words of hash state; the rotations are lookup3's.
struct State {
    std::uint32_t a, b, c;

    static void step(std::uint32_t& x, std::uint32_t& y, std::uint32_t z, int by) {
        x -= y;
        x ^= std::rotl(y, by);
        y += z;
    }
    void mix() {
        step(a, c, b, 4);
        step(b, a, c, 6);
        step(c, b, a, 8);
        step(a, c, b, 16);
        step(b, a, c, 19);
        step(c, b, a, 4);
    }

    static void stir(std::uint32_t& x, std::uint32_t y, int by) {
        x ^= y;
        x -= std::rotl(y, by);
    }
    void finish() {
        stir(c, b, 14);
        stir(a, c, 11);
        stir(b, a, 25);
        stir(c, b, 16);
        stir(a, c, 4);
        stir(b, a, 14);
        stir(c, b, 24);
    }
};

/// What is past the end counts as 0.
std::uint32_t word_at(std::span<const char> bytes, std::size_t at) {
    const auto word = bytes.subspan(at, std::min<std::size_t>(4, bytes.size() - at));
    return static_cast<std::uint32_t>(core::little_endian(word));
}

// Version 3, and 2 but for the flags: signature 8, version, sizes, flags 4, four addresses of 8,
// checksum 4.
constexpr std::size_t checked = 44;
constexpr std::size_t whole = checked + 4;
constexpr std::size_t version_at = 8;
constexpr std::size_t address_size_at = 9;
constexpr std::size_t flags_at = 11;
constexpr std::size_t end_at = 28;
constexpr std::size_t root_at = 36;
constexpr std::size_t address_bytes = 8;
constexpr char write_flag = 0x01;
constexpr char swmr_flag = 0x04;
constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";

bool is_version_3(std::string_view image) {
    return image.size() >= whole && image.starts_with(signature) && image[version_at] == 3 &&
           image[address_size_at] == address_bytes;
}

[[noreturn]] void fail(const char* what, const std::filesystem::path& path, int code) {
    const std::string why = core::errno_text(code);
    throw core::Error(core::ErrorText{.what = what, .where = path.native(), .why = why});
}

std::string read_superblock(const core::Descriptor& file, const std::filesystem::path& path) {
    std::string image(whole, '\0');
    const auto n = core::read_whole(file.get(), std::as_writable_bytes(std::span(image)), 0);
    if (n < 0) fail("cannot read file", path, errno);
    image.resize(static_cast<std::size_t>(n));
    return image;
}

void write_superblock(const core::Descriptor& file, const std::filesystem::path& path,
                      const std::string& image) {
    const int failed = core::write_whole(file.get(), std::as_bytes(std::span(image)), 0);
    if (failed != 0) fail("cannot write file", path, failed);
}

std::uint64_t address_at(std::string_view image, std::size_t at) {
    return core::little_endian(std::span<const char>(image).subspan(at, address_bytes));
}

} // namespace

std::uint32_t metadata_checksum(std::span<const char> bytes) {
    const auto start = 0xdeadbeefU + static_cast<std::uint32_t>(bytes.size());
    State state{start, start, start};
    if (bytes.empty()) return state.c;
    std::size_t at = 0;
    for (; bytes.size() - at > 12; at += 12) {
        state.a += word_at(bytes, at);
        state.b += word_at(bytes, at + 4);
        state.c += word_at(bytes, at + 8);
        state.mix();
    }
    const std::array<std::uint32_t*, 3> rest{&state.a, &state.b, &state.c};
    for (std::size_t i = 0; at < bytes.size(); at += 4, ++i)
        *rest[i] += word_at(bytes, at);
    state.finish();
    return state.c;
}

void seal_superblock(std::string& image) {
    if (!is_version_3(image))
        throw core::Error(core::ErrorText{.what = "HDF5 made a file of another format",
                                          .where = "superblock",
                                          .why = "version 3 with 8-byte addresses was asked for"});
    const std::uint32_t sum = metadata_checksum(std::span<const char>(image).first(checked));
    for (std::size_t i = 0; i < 4; ++i)
        image[checked + i] = static_cast<char>(static_cast<unsigned char>(sum >> (8 * i)));
}

std::optional<std::uint64_t> superblock_in(std::span<const char> file) {
    const std::string_view bytes(file.data(), file.size());
    constexpr std::uint64_t first_other = 512;
    for (std::uint64_t at = 0; at < bytes.size(); at = at == 0 ? first_other : 2 * at)
        if (bytes.substr(at).starts_with(signature)) return at;
    return std::nullopt;
}

bool says_writer(std::span<const char> file) {
    const auto at = superblock_in(file);
    if (!at) return false;
    const auto image = file.subspan(*at);
    return is_version_3(std::string_view(image.data(), image.size())) &&
           (image[flags_at] & write_flag) != 0;
}

std::optional<std::uint64_t> root_in(std::span<const char> superblock) {
    const std::string_view image(superblock.data(), superblock.size());
    if (image.size() < root_at + address_bytes || !image.starts_with(signature) ||
        image[version_at] < 2 || image[address_size_at] != address_bytes)
        return std::nullopt;
    return address_at(image, root_at);
}

std::optional<FileMark> read_mark(const std::filesystem::path& path) {
    // A pipe has no superblock, and must not be waited for.
    const core::Descriptor file = core::open_descriptor(path, O_RDONLY | O_NONBLOCK);
    const std::string image = read_superblock(file, path);
    if (!is_version_3(image)) return std::nullopt;
    std::string sealed = image;
    seal_superblock(sealed);
    if (sealed != image) return std::nullopt;
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail("cannot look at file", path, errno);
    return FileMark{.writing = (image[flags_at] & write_flag) != 0,
                    .swmr = (image[flags_at] & swmr_flag) != 0,
                    .end = address_at(image, end_at),
                    .size = static_cast<std::uint64_t>(status.st_size)};
}

void clear_mark(const std::filesystem::path& path, std::uint64_t end) {
    const core::Descriptor file = core::open_descriptor(path, O_RDWR);
    std::string image = read_superblock(file, path);
    image.resize(std::max(image.size(), whole));
    image[flags_at] = 0;
    for (std::size_t i = 0; i < 8; ++i)
        image[end_at + i] = static_cast<char>(static_cast<unsigned char>(end >> (8 * i)));
    seal_superblock(image);
    write_superblock(file, path, image);
}

void set_mark(const std::filesystem::path& path) {
    const core::Descriptor file = core::open_descriptor(path, O_RDWR);
    std::string image = read_superblock(file, path);
    image.resize(std::max(image.size(), whole));
    image[flags_at] = write_flag;
    seal_superblock(image);
    write_superblock(file, path, image);
}

} // namespace morphogen::store::hdf5
