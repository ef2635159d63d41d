#include "morphogen/store/hdf5/file.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace morphogen::store::hdf5 {
namespace {

unsigned flags_of(Mode mode) {
    switch (mode) {
    case Mode::read:
        return H5F_ACC_RDONLY;
    case Mode::read_swmr:
        return H5F_ACC_RDONLY | H5F_ACC_SWMR_READ;
    case Mode::write:
        return H5F_ACC_RDWR;
    case Mode::write_swmr:
        return H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE;
    }
    return H5F_ACC_RDONLY;
}

} // namespace

File create_file(const std::filesystem::path& path, const Properties& creation,
                 const Properties& access) {
    return File(call("H5Fcreate", {.name = path.native()}, [&] {
        return H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get());
    }));
}

File open_file(const std::filesystem::path& path, Mode mode, const Properties& access) {
    return File(call("H5Fopen", {.name = path.native()},
                     [&] { return H5Fopen(path.c_str(), flags_of(mode), access.get()); }));
}

File open_file(const std::filesystem::path& path, Mode mode) {
    return open_file(path, mode, file_access());
}

void flush_file(const File& file) {
    call("H5Fflush", {.object = file.get()}, [&] { return H5Fflush(file.get(), H5F_SCOPE_LOCAL); });
}

int descriptor_of(const File& file) {
    void* descriptor = nullptr;
    call("H5Fget_vfd_handle", {.object = file.get()},
         [&] { return H5Fget_vfd_handle(file.get(), H5P_DEFAULT, &descriptor); });
    return *static_cast<const int*>(descriptor);
}

void sync_file(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const int failed = fd < 0 || ::fsync(fd) != 0 ? errno : 0;
    if (fd >= 0) ::close(fd);
    if (failed != 0)
        throw core::Error(core::ErrorText{
            .what = "cannot sync file", .where = path.native(), .why = core::errno_text(failed)});
}

} // namespace morphogen::store::hdf5
