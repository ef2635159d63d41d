#include "store/hdf5/overlay_driver.hpp"

#include "store/hdf5/default_driver.hpp"
#include "store/hdf5/locating_driver.hpp"
#include "store/hdf5/missing_sources.hpp"
#include "store/hdf5/tried_files.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace morphogen::store::hdf5 {
namespace {

DerivedDriver driver;
/// Of the file that is open. One thread uses HDF5, so one thread comes here.
Pages* pages = nullptr;
std::string path; // that file's
bool past_end = false;
std::uint64_t least = 0; // what it claims for the end of the file

/// A virtual dataset's sources are opened as its file is. Beside one that is being changed they are
/// missing: its pages are not theirs, and HDF5 1.14 fails where 1.10 passes over such a source.
H5FD_t* open(const char* name, unsigned flags, hid_t access, haddr_t max_address) {
    if ((flags & H5F_ACC_RDWR) != 0 && name != path) return nullptr;
    if (is_tried(name) || is_pipe(name) || !may_open(name)) return nullptr;
    return driver.original.open(name, flags & ~H5F_ACC_RDWR, access, max_address);
}

/// Calls use(page of the overlay or null, offset in it, bytes, offset in the range) page by page.
template <typename Use>
void by_page(haddr_t address, std::size_t size, Use&& use) {
    for (std::size_t done = 0; done < size;) {
        const std::uint64_t at = address + done;
        const std::uint64_t page = at / page_bytes * page_bytes;
        const auto inside = static_cast<std::size_t>(at - page);
        const std::size_t bytes = std::min(page_bytes - inside, size - done);
        use(page, inside, bytes, done);
        done += bytes;
    }
}

herr_t read(H5FD_t* file, H5FD_mem_t type, hid_t transfer, haddr_t address, std::size_t size,
            void* data) {
    const Located located = tell_place(driver.original, file, type, address, size);
    if (located == Located::failed) return -1;
    if (located == Located::not_asked &&
        driver.original.read(file, type, transfer, address, size, data) < 0)
        return -1;
    // Metadata have checksums, and are read ahead.
    if (type == H5FD_MEM_DRAW && address + size > driver.original.get_eof(file, type))
        past_end = true;
    if (located == Located::told) return 0;
    by_page(address, size,
            [&](std::uint64_t page, std::size_t inside, std::size_t bytes, std::size_t done) {
                const auto found = pages->find(page);
                if (found == pages->end()) return;
                std::memcpy(static_cast<std::byte*>(data) + done, found->second.data() + inside,
                            bytes);
            });
    return 0;
}

herr_t write(H5FD_t* file, H5FD_mem_t type, hid_t transfer, haddr_t address, std::size_t size,
             const void* data) {
    bool failed = false;
    by_page(address, size,
            [&](std::uint64_t page, std::size_t inside, std::size_t bytes, std::size_t done) {
                if (failed) return;
                try {
                    auto& content = (*pages)[page];
                    if (content.empty()) {
                        content.resize(page_bytes);
                        // Not beyond what the library knows as the end, which it refuses to read.
                        const haddr_t end = driver.original.get_eoa(file, type);
                        const std::size_t there =
                            end <= page ? 0
                                        : std::min<std::size_t>(
                                              page_bytes, static_cast<std::size_t>(end - page));
                        if (there > 0 && driver.original.read(file, type, transfer, page, there,
                                                              content.data()) < 0)
                            failed = true;
                    }
                    std::memcpy(content.data() + inside, static_cast<const std::byte*>(data) + done,
                                bytes);
                } catch (const std::bad_alloc&) {
                    failed = true;
                }
            });
    return failed ? -1 : 0;
}

/// The file stays as long as it is: what lies beyond its end of address hurts nobody.
herr_t truncate(H5FD_t*, hid_t, hbool_t) {
    return 0;
}

haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t type) {
    const haddr_t there = driver.original.get_eof(file, type);
    const haddr_t written = pages->empty() ? 0 : pages->rbegin()->first + page_bytes;
    return std::max({there, written, static_cast<haddr_t>(least)});
}

herr_t take_no_lock(H5FD_t*, hbool_t) {
    return 0;
}

void change(H5FD_class_t& ours) {
    ours.open = open;
    ours.read = read;
    ours.write = write;
    ours.truncate = truncate;
    ours.get_eof = end_of_file;
    ours.lock = take_no_lock;
}

} // namespace

void set_overlay_driver(const Properties& access, const std::filesystem::path& file, Pages& kept,
                        std::uint64_t least_end) {
    const hid_t id = registered(driver, "morphogen_overlay", 506, file, change);
    note_that_tells_places(id);
    pages = &kept;
    path = file.native();
    past_end = false;
    least = least_end;
    call("H5Pset_driver", {}, [&] { return H5Pset_driver(access.get(), id, nullptr); });
}

bool is_empty_overlay(hid_t id) noexcept {
    return driver.id >= 0 && id == driver.id && pages->empty();
}

bool take_read_past_end() noexcept {
    return std::exchange(past_end, false);
}

} // namespace morphogen::store::hdf5
