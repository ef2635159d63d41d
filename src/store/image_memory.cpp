#include "store/image_memory.hpp"

#include "store/hdf5/check_object.hpp"

namespace morphogen::store::hdf5 {
namespace {

/// The only memory there is: the image.
void* give_image(std::size_t, H5FD_file_image_op_t, void* image) {
    return *static_cast<void**>(image);
}

void* copy_nothing(void* to, const void* from, std::size_t, H5FD_file_image_op_t, void*) {
    return to == from ? to : nullptr;
}

void* grow_nothing(void*, std::size_t, H5FD_file_image_op_t, void*) {
    return nullptr;
}

herr_t free_nothing(void*, H5FD_file_image_op_t, void*) {
    return 0;
}

void* same_user_data(void* data) {
    return data;
}

herr_t free_no_user_data(void*) {
    return 0;
}

} // namespace

ImageMemory::ImageMemory()
    : access_(call("H5Pcreate", {}, [] { return H5Pcreate(H5P_FILE_ACCESS); })) {
    constexpr std::size_t growth = std::size_t{1} << 16; // unused: nothing is written
    call("H5Pset_fapl_core", {}, [&] { return H5Pset_fapl_core(access_.get(), growth, false); });
    H5FD_file_image_callbacks_t callbacks{give_image,   copy_nothing,   grow_nothing,
                                          free_nothing, same_user_data, free_no_user_data,
                                          &bytes_};
    call("H5Pset_file_image_callbacks", {},
         [&] { return H5Pset_file_image_callbacks(access_.get(), &callbacks); });
}

File ImageMemory::open(std::span<const std::byte> image, const std::filesystem::path& path) {
    // Never written to: the file is opened read only.
    bytes_ = const_cast<std::byte*>(image.data());
    call("H5Pset_file_image", {.name = path.native()},
         [&] { return H5Pset_file_image(access_.get(), bytes_, image.size()); });
    const std::string name = path.native() + in_memory_suffix;
    File file(call("H5Fopen", {.name = path.native()},
                   [&] { return H5Fopen(name.c_str(), H5F_ACC_RDONLY, access_.get()); }));
    check_root(file);
    return file;
}

} // namespace morphogen::store::hdf5
