#include "store/hdf5/locating_driver.hpp"

#include "store/hdf5/default_driver.hpp"

namespace morphogen::store::hdf5 {
namespace {

DerivedDriver driver;

herr_t read(H5FD_t* file, H5FD_mem_t type, hid_t transfer, haddr_t address, std::size_t size,
            void* data) {
    if (wanted_place == nullptr || type != H5FD_MEM_DRAW)
        return driver.original.read(file, type, transfer, address, size, data);
    void* descriptor = nullptr;
    if (driver.original.get_handle(file, H5P_DEFAULT, &descriptor) < 0) return -1;
    *wanted_place = {*static_cast<const int*>(descriptor), address, size};
    return 0;
}

void change(H5FD_class_t& ours) {
    ours.read = read;
}

} // namespace

void set_locating_driver(const Properties& access) {
    const hid_t id = registered(driver, "morphogen_locating", 507, "/dev/null", change);
    call("H5Pset_driver", {}, [&] { return H5Pset_driver(access.get(), id, nullptr); });
}

} // namespace morphogen::store::hdf5
