#include "store/hdf5/raw_file.hpp"

#include "morphogen/core/little_endian.hpp"
#include "morphogen/core/whole_io.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/hdf5/locating_driver.hpp"
#include "store/hdf5/overlay_driver.hpp"

#include <sys/stat.h>

#include <cstddef>

namespace morphogen::store::hdf5 {

std::uint64_t number(std::span<const char> bytes, std::size_t at, std::size_t size) {
    return core::little_endian(bytes.subspan(at, size));
}

std::optional<RawFile> RawFile::of(hid_t file) {
    const Properties creation(H5Fget_create_plist(file));
    const Properties access(H5Fget_access_plist(file));
    std::size_t address_size = 0;
    std::size_t size_size = 0;
    hsize_t base = 0;
    void* handle = nullptr;
    if (!creation.valid() || !access.valid() ||
        H5Pget_sizes(creation.get(), &address_size, &size_size) < 0 || address_size != 8 ||
        size_size != 8 || H5Pget_userblock(creation.get(), &base) < 0)
        return std::nullopt;
    const hid_t driver = H5Pget_driver(access.get());
    if (driver == H5FD_MPIO || H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 ||
        handle == nullptr)
        return std::nullopt;
    RawFile raw;
    raw.base_ = base;
    if (driver == H5FD_CORE) {
        hsize_t size = 0;
        if (H5Fget_filesize(file, &size) < 0) return std::nullopt;
        raw.memory_ = {*static_cast<const char* const*>(handle), size};
    } else if (driver == H5FD_SEC2 || is_locating_driver(driver) || is_empty_overlay(driver)) {
        raw.descriptor_ = *static_cast<const int*>(handle);
    } else {
        return std::nullopt;
    }
    return raw;
}

std::uint64_t RawFile::end_of_file() const {
    if (memory_.data() != nullptr) return memory_.size();
    struct ::stat status {};
    return ::fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::optional<Bytes> RawFile::read(std::uint64_t address, std::uint64_t size) const {
    // A damaged size must not take memory.
    const std::uint64_t end = end_of_file();
    if (size > end || base_ > end - size || address > end - size - base_) return std::nullopt;
    address += base_;
    if (memory_.data() != nullptr) {
        const auto part = memory_.subspan(address, size);
        return Bytes(part.begin(), part.end());
    }
    Bytes bytes(size);
    const auto n = core::read_whole(descriptor_, std::as_writable_bytes(std::span(bytes)), address);
    if (n != static_cast<std::int64_t>(size)) return std::nullopt;
    return bytes;
}

} // namespace morphogen::store::hdf5
