#include "morphogen/store/hdf5/steadfast_driver.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"

#include "store/hdf5/default_driver.hpp"
#include "store/hdf5/steadfast_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <string>

namespace morphogen::store::hdf5 {
namespace {

DerivedDriver driver;
/// Files open with this driver. One thread uses HDF5, so one thread comes here.
std::map<const H5FD_t*, SteadfastFile> files;

/// For the call that writes. Nothing may throw through the library.
void tell_failure(const SteadfastFile& file) noexcept {
    if (!file.failed || pending_write_failure.is_set) return;
    pending_write_failure.is_set = true;
    try {
        pending_write_failure.path = file.path;
        pending_write_failure.why = file.why;
    } catch (...) { // without memory the failure is told without words
    }
}

/// Remembers the first failure.
void give_up(SteadfastFile& file, const char* what) noexcept {
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
bool is_over(const SteadfastFile& file) noexcept {
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
        SteadfastFile& state = files[file];
        state.file = file;
        state.descriptor = descriptor_of(file);
        state.path = name;
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

/// Where the end is moved, or the file's length set.
void expect_end(const SteadfastFile& state) noexcept {
    MORPHOGEN_EXPECT(!state.is_shared.load(std::memory_order_relaxed) || state.end.is_held());
}

/// By any thread that holds the end's lock: the default driver's end is a number that these two
/// functions get and set, no more. @returns where the end was, or HADDR_UNDEF.
haddr_t move_end(const SteadfastFile& state, hsize_t bytes) noexcept {
    expect_end(state);
    const haddr_t end = driver.original.get_eoa(state.file, H5FD_MEM_DRAW);
    if (end == HADDR_UNDEF || bytes > state.file->maxaddr - end ||
        driver.original.set_eoa(state.file, H5FD_MEM_DRAW, end + bytes) < 0)
        return HADDR_UNDEF;
    return end;
}

/// Space for the library: an announced chunk's is there already.
haddr_t alloc(H5FD_t* file, H5FD_mem_t type, hid_t, hsize_t size) {
    SteadfastFile& state = files[file];
    SteadfastFile::Announced& next = state.announced;
    if (type != H5FD_MEM_DRAW || next.allocated || size != next.place.bytes)
        return move_end(state, size);
    next.allocated = true;
    return next.place.address;
}

/// Whether this is what the library was given for the announced chunk, which is not to be written.
bool is_announced(SteadfastFile& state, haddr_t address, const void* data) noexcept {
    SteadfastFile::Announced& next = state.announced;
    if (next.place.bytes == 0 || data != state.unread_bytes.data()) return false;
    next.wanted_at = address;
    return true;
}

herr_t write(H5FD_t* file, H5FD_mem_t type, hid_t transfer, haddr_t address, std::size_t size,
             const void* data) {
    SteadfastFile& state = files[file];
    if (is_over(state) || is_announced(state, address, data)) return 0;
    errno = 0;
    if (driver.original.write(file, type, transfer, address, size, data) < 0)
        give_up(state, "write failed");
    else
        state.behind.wrote(address + size);
    return 0;
}

/// The default driver knows nothing of appended chunks, and would set a length that is there.
bool is_long_enough(const SteadfastFile& state) noexcept {
    struct stat status {};
    return ::fstat(state.descriptor, &status) == 0 &&
           static_cast<haddr_t>(status.st_size) ==
               driver.original.get_eoa(state.file, H5FD_MEM_DRAW);
}

herr_t truncate(H5FD_t* file, hid_t transfer, hbool_t closing) {
    SteadfastFile& state = files[file];
    expect_end(state);
    if (is_over(state) || is_long_enough(state)) return 0;
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
    ours.alloc = alloc;
    ours.write = write;
    ours.truncate = truncate;
    ours.lock = take_no_lock;
}

} // namespace

std::optional<std::uint64_t> SteadfastFile::take_at_end(std::size_t bytes) noexcept {
    const haddr_t was = move_end(*this, bytes);
    if (was == HADDR_UNDEF) return std::nullopt;
    return was;
}

void SteadfastFile::give_back(std::uint64_t address) noexcept {
    expect_end(*this);
    driver.original.set_eoa(file, H5FD_MEM_DRAW, address);
}

const std::byte* SteadfastFile::unread(std::size_t bytes) {
    if (unread_bytes.size() < bytes) unread_bytes = core::AlignedBuffer<std::byte>(bytes);
    return unread_bytes.data();
}

SteadfastFile& steadfast_file(int descriptor) {
    for (auto& [file, state] : files)
        if (state.descriptor == descriptor) return state;
    throw core::Error("the file is not open with the steadfast driver");
}

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
            state.behind = WriteBehind(state.descriptor, {.kept = kept});
}

} // namespace morphogen::store::hdf5
