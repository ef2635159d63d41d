#include "store/hdf5/default_driver.hpp"

namespace morphogen::store::hdf5 {

H5FD_class_t default_driver(const std::filesystem::path& some_file) {
    const QuietErrors quiet;
    H5FD_t* file = H5FDopen(some_file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT, HADDR_UNDEF);
    if (file == nullptr) throw_failure("H5FDopen", {.name = some_file.native()});
    const H5FD_class_t found = *file->cls;
    H5FDclose(file);
    return found;
}

} // namespace morphogen::store::hdf5
