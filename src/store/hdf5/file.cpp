#include "morphogen/store/hdf5/file.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/hdf5/check_object.hpp"
#include "store/hdf5/locating_driver.hpp"
#include "store/hdf5/superblock.hpp"
#include "store/hdf5/tried_files.hpp"

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

File create_new_file(const std::filesystem::path& path, const Properties& creation,
                     const Properties& access) {
    return File(call("H5Fcreate", {.name = path.native()}, [&] {
        return H5Fcreate(path.c_str(), H5F_ACC_EXCL, creation.get(), access.get());
    }));
}

File open_file(const std::filesystem::path& path, Mode mode, const Properties& access) {
    if (is_pipe(path.c_str()))
        throw core::Error(core::ErrorText{
            .what = "cannot open file", .where = path.native(), .why = "it is a pipe or a socket"});
    File file(call("H5Fopen", {.name = path.native()},
                   [&] { return H5Fopen(path.c_str(), flags_of(mode), access.get()); }));
    check_root(file);
    return file;
}

File open_file(const std::filesystem::path& path, Mode mode) {
    return open_file(path, mode, file_access());
}

File open_located(const std::filesystem::path& path, bool swmr) {
    const Properties access = file_access();
    set_locating_driver(access);
    return open_file(path, swmr ? Mode::read_swmr : Mode::read, access);
}

std::string file_image(const std::function<void(const File&)>& build) {
    constexpr std::size_t growth = std::size_t{1} << 16;
    const Properties access = file_access();
    call("H5Pset_fapl_core", {}, [&] { return H5Pset_fapl_core(access.get(), growth, false); });
    const File file = create_file("in memory", file_creation(), access);
    build(file);
    flush_file(file);
    const auto get = [&](void* out, std::size_t size) {
        return call("H5Fget_file_image", {.object = file.get()},
                    [&] { return H5Fget_file_image(file.get(), out, size); });
    };
    std::string image(static_cast<std::size_t>(get(nullptr, 0)), '\0');
    get(image.data(), image.size());
    seal_superblock(image); // the call clears the status flags, and leaves the old checksum
    return image;
}

void flush_file(const File& file) {
    call("H5Fflush", {.object = file.get()}, [&] { return H5Fflush(file.get(), H5F_SCOPE_LOCAL); });
}

std::uint64_t end_of_space(const File& file) {
    haddr_t end = 0;
    call("H5Fget_eoa", {.object = file.get()}, [&] { return H5Fget_eoa(file.get(), &end); });
    return end;
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
