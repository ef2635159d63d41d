#include "morphogen/store/hdf5/steadfast_driver.hpp"

#include "morphogen/core/error.hpp"

#include "store/hdf5/default_driver.hpp"
#include "store/write_behind.hpp"

#include <cerrno>
#include <map>
#include <string>

namespace morphogen::store::hdf5 {
namespace {

struct OpenFile {
    std::string path;
    bool discards = false;
    bool failed = false; // that is why
    std::string why;
    WriteBehind behind = {};
};

DerivedDriver driver;
/// Files open with this driver. One thread uses HDF5, so one thread comes here.
std::map<const H5FD_t*, OpenFile> files;

/// For the call that writes. Nothing may throw through the library.
void tell_failure(const OpenFile& file) noexcept {
    if (!file.failed || pending_write_failure.is_set) return;
    pending_write_failure.is_set = true;
    try {
        pending_write_failure.path = file.path;
        pending_write_failure.why = file.why;
    } catch (...) { // without memory the failure is told without words
    }
}

/// Remembers the first failure.
void give_up(OpenFile& file, const char* what) noexcept {
    const int code = errno;
    file.discards = file.failed = true;
    try {
        file.why = code == 0 ? what : core::errno_text(code);
    } catch (...) { // see above
    }
    tell_failure(file);
}

/// Whether nothing is written any more. A failure is told again each time: the call that met it may
/// have been a destructor's, which tells nobody.
bool is_over(const OpenFile& file) noexcept {
    if (file.discards) tell_failure(file);
    return file.discards;
}

/// -1 if the driver has none.
int descriptor_of(const H5FD_t* file) noexcept {
    void* descriptor = nullptr;
    if (!driver.original.get_handle ||
        driver.original.get_handle(const_cast<H5FD_t*>(file), H5P_DEFAULT, &descriptor) < 0)
        return -1;
    return descriptor != nullptr ? *static_cast<int*>(descriptor) : -1;
}

H5FD_t* open(const char* name, unsigned flags, hid_t access, haddr_t max_address) {
    H5FD_t* file = driver.original.open(name, flags, access, max_address);
    if (file == nullptr) return nullptr;
    try {
        files[file].path = name;
    } catch (...) {
        files.erase(file); // another file may get the same address
        driver.original.close(file);
        return nullptr;
    }
    return file;
}

herr_t close(H5FD_t* file) {
    files.erase(file);
    return driver.original.close(file);
}

herr_t write(H5FD_t* file, H5FD_mem_t type, hid_t transfer, haddr_t address, std::size_t size,
             const void* data) {
    OpenFile& state = files[file];
    if (is_over(state)) return 0;
    errno = 0;
    if (driver.original.write(file, type, transfer, address, size, data) < 0)
        give_up(state, "write failed");
    else
        state.behind.wrote(address + size);
    return 0;
}

herr_t truncate(H5FD_t* file, hid_t transfer, hbool_t closing) {
    OpenFile& state = files[file];
    if (is_over(state)) return 0;
    errno = 0;
    if (driver.original.truncate(file, transfer, closing) < 0) give_up(state, "truncate failed");
    return 0;
}

/// A reader that has the file open must not keep a run from going on. What the lock is for, a
/// second writer, the mark in the file keeps out.
herr_t take_no_lock(H5FD_t*, hbool_t) {
    return 0;
}

void change(H5FD_class_t& ours) {
    ours.open = open;
    ours.close = close;
    ours.write = write;
    ours.truncate = truncate;
    ours.lock = take_no_lock;
}

} // namespace

void set_steadfast_driver(const Properties& access, const std::filesystem::path& some_file) {
    const hid_t id = registered(driver, "morphogen_steadfast", 505, some_file, change);
    call("H5Pset_driver", {}, [&] { return H5Pset_driver(access.get(), id, nullptr); });
    // Small contiguous writes would wait in a buffer for H5Dclose, where nobody hears that they
    // fail.
    call("H5Pset_sieve_buf_size", {}, [&] { return H5Pset_sieve_buf_size(access.get(), 0); });
}

void discard_writes(const std::filesystem::path& path) noexcept {
    for (auto& [file, state] : files)
        if (state.path == path.native()) {
            state.discards = true;
            state.failed = false; // nobody wants to be told
        }
}

void write_behind(const std::filesystem::path& path, std::uint64_t kept) noexcept {
    for (auto& [file, state] : files)
        if (state.path == path.native())
            state.behind = WriteBehind(descriptor_of(file), {.kept = kept});
}

} // namespace morphogen::store::hdf5
