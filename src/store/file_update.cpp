#include "store/file_update.hpp"

#include "morphogen/codec/crc32.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/little_endian.hpp"
#include "morphogen/core/whole_io.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/hdf5/overlay_driver.hpp"
#include "store/hdf5/superblock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

// PATH.update: magic 8, pages 8, then per page its offset 8 and bytes, then a CRC-32 of all before,
// as 8 bytes. Little-endian, as HDF5.
constexpr std::string_view magic = "MGUPDAT1";

void put(std::string& out, std::uint64_t value) {
    for (int i = 0; i < 8; ++i)
        out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

std::uint64_t get(std::string_view bytes) {
    return core::little_endian(std::span<const char>(bytes).first(8));
}

std::uint64_t checksum(std::string_view bytes) {
    return codec::crc32(std::as_bytes(std::span(bytes)));
}

std::string packed(const hdf5::Pages& pages) {
    std::string out(magic);
    put(out, pages.size());
    for (const auto& [offset, bytes] : pages) {
        put(out, offset);
        out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    put(out, checksum(out));
    return out;
}

[[noreturn]] void damaged(const fs::path& update) {
    throw core::Error(core::ErrorText{
        .what = "the record of an interrupted change is damaged",
        .where = update.native(),
        .why = "its size or checksum is wrong",
        .advice = "the file that it belongs to may be half changed: restore it from a copy"});
}

hdf5::Pages unpacked(std::string_view bytes, const fs::path& update) {
    constexpr std::size_t frame = 8 + hdf5::page_bytes;
    if (bytes.size() < 24 || !bytes.starts_with(magic) ||
        get(bytes.substr(bytes.size() - 8)) != checksum(bytes.substr(0, bytes.size() - 8)) ||
        (bytes.size() - 24) % frame != 0 || get(bytes.substr(8)) != (bytes.size() - 24) / frame)
        damaged(update);
    hdf5::Pages pages;
    for (std::size_t at = 16; at + 8 < bytes.size(); at += frame) {
        const auto* first = reinterpret_cast<const std::byte*>(bytes.data() + at + 8);
        pages[get(bytes.substr(at))] = {first, first + hdf5::page_bytes};
    }
    return pages;
}

[[noreturn]] void fail_updating(const char* what, const fs::path& path, int code) {
    const std::string why = core::errno_text(code);
    throw core::Error(core::ErrorText{.what = what, .where = path.native(), .why = why});
}

/// The superblock's page last: until then the file is marked as being written.
void write_pages(const fs::path& path, const hdf5::Pages& pages, core::Durability durability) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) fail_updating("cannot open file", path, errno);
    int failed = 0;
    for (auto page = pages.rbegin(); failed == 0 && page != pages.rend(); ++page)
        failed = core::write_whole(fd, page->second, page->first);
    if (failed == 0 && durability == core::Durability::synced && ::fsync(fd) != 0) failed = errno;
    if (::close(fd) != 0 && failed == 0) failed = errno;
    if (failed != 0) fail_updating("cannot write file", path, failed);
}

void apply(const fs::path& path, const hdf5::Pages& pages, core::Durability durability) {
    hdf5::set_mark(path);
    write_pages(path, pages, durability);
    const fs::path update = update_path(path);
    if (::unlink(update.c_str()) != 0) fail_updating("cannot remove file", update, errno);
    if (durability == core::Durability::synced)
        core::sync_directory(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

} // namespace

fs::path update_path(fs::path path) {
    return path += ".update";
}

void update_file(const fs::path& path, core::Durability durability,
                 const std::function<void(const hdf5::File&)>& change) {
    hdf5::Pages pages;
    {
        const hdf5::Properties access = hdf5::file_access();
        hdf5::set_overlay_driver(access, path, pages);
        hdf5::File file = hdf5::open_file(path, hdf5::Mode::write, access);
        change(file);
        file.close();
    }
    if (pages.empty()) return;
    core::replace_file(update_path(path), packed(pages), durability);
    apply(path, pages, durability);
}

bool finish_update(const fs::path& path, core::Durability durability) {
    const fs::path update = update_path(path);
    std::ifstream in(update, std::ios::binary);
    if (!in) {
        std::error_code failed;
        if (!fs::exists(update, failed)) return false;
        fail_updating("cannot read file", update, errno);
    }
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    apply(path, unpacked(bytes, update), durability);
    return true;
}

} // namespace morphogen::store
