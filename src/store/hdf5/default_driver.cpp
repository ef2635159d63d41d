#include "store/hdf5/default_driver.hpp"

namespace morphogen::store::hdf5 {
namespace {

H5FD_class_t default_driver(const std::filesystem::path& some_file) {
    const Properties access(call("H5Pcreate", {}, [] { return H5Pcreate(H5P_FILE_ACCESS); }));
    call("H5Pset_fapl_sec2", {},
         [&] { return H5Pset_fapl_sec2(access.get()); }); // else HDF5_DRIVER's
    const QuietErrors quiet;
    H5FD_t* file = H5FDopen(some_file.c_str(), H5F_ACC_RDONLY, access.get(), HADDR_UNDEF);
    if (file == nullptr) throw_failure("H5FDopen", {.name = some_file.native()});
    const H5FD_class_t found = *file->cls;
    H5FDclose(file);
    return found;
}

} // namespace

hid_t registered(DerivedDriver& driver, const char* name, [[maybe_unused]] int number,
                 const std::filesystem::path& some_file, void (*change)(H5FD_class_t& ours)) {
    if (driver.id >= 0 && H5Iget_type(driver.id) == H5I_VFL) return driver.id;
    driver.original = default_driver(some_file);
    driver.ours = driver.original;
    driver.ours.name = name;
#ifdef H5FD_CLASS_VERSION // since 1.14
    driver.ours.value = static_cast<H5FD_class_value_t>(number);
#endif
    driver.ours.terminate = nullptr;
    change(driver.ours);
    driver.id = call("H5FDregister", {}, [&] { return H5FDregister(&driver.ours); });
    return driver.id;
}

} // namespace morphogen::store::hdf5
