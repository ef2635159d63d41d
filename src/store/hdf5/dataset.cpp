#include "morphogen/store/hdf5/dataset.hpp"

#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/hdf5/check_object.hpp"
#include "store/hdf5/missing_sources.hpp"

#include <hdf5_hl.h>

namespace morphogen::store::hdf5 {

Group create_group(hid_t parent, const char* name) {
    const Properties creation = group_creation();
    return Group(call("H5Gcreate", {parent, name}, [&] {
        return H5Gcreate2(parent, name, H5P_DEFAULT, creation.get(), H5P_DEFAULT);
    }));
}

Group open_group(hid_t parent, const char* name) {
    check_object(parent, name);
    return Group(
        call("H5Gopen", {parent, name}, [&] { return H5Gopen2(parent, name, H5P_DEFAULT); }));
}

Dataset create_dataset(hid_t parent, const char* name, hid_t type, const Space& space,
                       const Properties& creation) {
    return Dataset(call("H5Dcreate", {parent, name}, [&] {
        return H5Dcreate2(parent, name, type, space.get(), H5P_DEFAULT, creation.get(),
                          H5P_DEFAULT);
    }));
}

Dataset open_dataset(hid_t parent, const char* name, const Properties& access) {
    check_object(parent, name);
    return Dataset(
        call("H5Dopen", {parent, name}, [&] { return H5Dopen2(parent, name, access.get()); }));
}

Dataset open_dataset(hid_t parent, const char* name) {
    check_object(parent, name);
    return Dataset(
        call("H5Dopen", {parent, name}, [&] { return H5Dopen2(parent, name, H5P_DEFAULT); }));
}

bool exists(hid_t parent, const char* name) {
    // H5Lexists fails, instead of saying no, where an intermediate group is missing.
    const std::string path(name);
    for (auto slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        const std::string group = path.substr(0, slash);
        if (call("H5Lexists", {parent, group},
                 [&] { return H5Lexists(parent, group.c_str(), H5P_DEFAULT); }) == 0)
            return false;
    }
    return call("H5Lexists", {parent, name}, [&] { return H5Lexists(parent, name, H5P_DEFAULT); }) >
           0;
}

namespace {

herr_t refuse_to_follow(const char*, const char*, const char*, const char*, unsigned*, hid_t,
                        void* met) noexcept {
    *static_cast<bool*>(met) = true;
    return -1;
}

} // namespace

bool leaves_file(hid_t parent, const char* name) {
    bool met = false;
    const Properties access(call("H5Pcreate", {}, [] { return H5Pcreate(H5P_LINK_ACCESS); }));
    call("H5Pset_elink_cb", {},
         [&] { return H5Pset_elink_cb(access.get(), refuse_to_follow, &met); });
    const QuietErrors quiet;                       // what is not there is the next call's error
    H5Oexists_by_name(parent, name, access.get()); // looks at no object: external links fail
    return met;
}

Space space_of(const Dataset& dataset) {
    const auto get = [&] { return H5Dget_space(dataset.get()); };
    MissingSources sources;
    do {
        const QuietErrors quiet;
        if (Space space(get()); space.valid()) return space;
    } while (sources.add_last_opened());
    return Space(call("H5Dget_space", {.object = dataset.get()}, get));
}

Type type_of(const Dataset& dataset) {
    return Type(
        call("H5Dget_type", {.object = dataset.get()}, [&] { return H5Dget_type(dataset.get()); }));
}

Properties creation_of(const Dataset& dataset) {
    return Properties(call("H5Dget_create_plist", {.object = dataset.get()},
                           [&] { return H5Dget_create_plist(dataset.get()); }));
}

std::vector<hsize_t> shape_of(const Dataset& dataset) {
    return shape_of(space_of(dataset));
}

std::uint64_t stored_bytes(const Dataset& dataset) {
    const QuietErrors quiet; // 0 is an answer here: nothing stored, or a virtual dataset
    return H5Dget_storage_size(dataset.get());
}

void resize(const Dataset& dataset, std::span<const hsize_t> shape) {
    call("H5Dset_extent", {.object = dataset.get()},
         [&] { return H5Dset_extent(dataset.get(), shape.data()); });
}

void flush_dataset(const Dataset& dataset) {
    call("H5Dflush", {.object = dataset.get()}, [&] { return H5Dflush(dataset.get()); });
}

void write(const Dataset& dataset, hid_t type, const void* data) {
    call("H5Dwrite", {.object = dataset.get()},
         [&] { return H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data); });
}

void write(const Dataset& dataset, hid_t type, const Space& memory, const Space& file,
           const void* data, hid_t transfer) {
    call("H5Dwrite", {.object = dataset.get()},
         [&] { return H5Dwrite(dataset.get(), type, memory.get(), file.get(), transfer, data); });
}

void read(const Dataset& dataset, hid_t type, const Space& memory, const Space& file, void* data) {
    call("H5Dread", {.object = dataset.get()},
         [&] { return H5Dread(dataset.get(), type, memory.get(), file.get(), H5P_DEFAULT, data); });
}

void write_chunk(const Dataset& dataset, std::span<const hsize_t> offset,
                 std::span<const std::byte> stored) {
    call("H5Dwrite_chunk", {.object = dataset.get()}, [&] {
        return H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, 0, offset.data(), stored.size(),
                              stored.data());
    });
}

void hold_metadata(const Dataset& dataset) {
    call("H5Odisable_mdc_flushes", {.object = dataset.get()},
         [&] { return H5Odisable_mdc_flushes(dataset.get()); });
}

void make_scale(const Dataset& dataset, const char* name) {
    call("H5DSset_scale", {.object = dataset.get()},
         [&] { return H5DSset_scale(dataset.get(), name); });
}

void attach_scale(const Dataset& dataset, const Dataset& scale, std::size_t axis) {
    call("H5DSattach_scale", {.object = dataset.get()},
         [&] { return H5DSattach_scale(dataset.get(), scale.get(), static_cast<unsigned>(axis)); });
}

} // namespace morphogen::store::hdf5
