#include "morphogen/store/new_file.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/hdf5/steadfast_driver.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

/// For a clear message. HDF5 gets no file to truncate: ext4 takes that for a replacement
/// (auto_da_alloc) and begins to write all of it to the disk in close(), half a second per
/// gigabyte.
void try_to_create(const fs::path& file) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) {
        ::close(fd);
        if (::unlink(file.c_str()) == 0) return;
    }
    const std::string why = core::errno_text(errno);
    throw core::Error(core::ErrorText{
        .what = "cannot create file",
        .where = file.native(),
        .why = why,
        .advice = "the directory must exist and you must be allowed to write to it"});
}

} // namespace

NewFile::NewFile(fs::path path, bool replace, std::uint64_t user_block)
    : name_(std::move(path), replace) {
    const fs::path& beside = name_.beside();
    const hdf5::Properties access = hdf5::file_access();
    const hdf5::Properties creation = hdf5::file_creation();
    hdf5::call("H5Pset_userblock", {.name = beside.native()},
               [&] { return H5Pset_userblock(creation.get(), user_block); });
    hdf5::set_steadfast_driver(access, "/dev/null");
    try_to_create(beside);
    try {
        file_ = hdf5::create_new_file(beside, creation, access);
    } catch (...) {
        ::unlink(beside.c_str());
        throw;
    }
    name_.hold(hdf5::descriptor_of(file_));
    // What is read soon again is mostly small.
    hdf5::write_behind(beside, core::usable_memory() / 8);
}

NewFile::~NewFile() {
    if (file_.get() >= 0) hdf5::discard_writes(name_.beside());
}

void NewFile::close() {
    file_.close();
    name_.complete();
}

} // namespace morphogen::store
