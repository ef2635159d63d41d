#include "morphogen/store/hdf5/properties.hpp"

#include "morphogen/core/checked_cast.hpp"

namespace morphogen::store::hdf5 {
namespace {

constexpr unsigned in_order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

Properties make(hid_t kind) {
    return Properties(call("H5Pcreate", {}, [&] { return H5Pcreate(kind); }));
}

/// Hints that MPI does not know are ignored by it, as the standard wants.
class Hints {
public:
    explicit Hints(const std::map<std::string, std::string>& hints) {
        if (hints.empty()) return;
        MPI_Info_create(&info_);
        for (const auto& [key, value] : hints)
            MPI_Info_set(info_, key.c_str(), value.c_str());
    }
    Hints(const Hints&) = delete;
    Hints& operator=(const Hints&) = delete;
    ~Hints() {
        if (info_ != MPI_INFO_NULL) MPI_Info_free(&info_);
    }
    MPI_Info get() const noexcept { return info_; }

private:
    MPI_Info info_ = MPI_INFO_NULL;
};

} // namespace

Properties file_access() {
    Properties list = make(H5P_FILE_ACCESS);
    call("H5Pset_libver_bounds", {},
         [&] { return H5Pset_libver_bounds(list.get(), H5F_LIBVER_V110, H5F_LIBVER_V110); });
    // Beside a SWMR writer the library reads what fails its checksum again, and sleeps twice as
    // long each time, from 1 ns on: its own 100 attempts never end on a damaged file, 26 end in 0.1
    // s.
    constexpr unsigned attempts = 26;
    call("H5Pset_metadata_read_attempts", {},
         [&] { return H5Pset_metadata_read_attempts(list.get(), attempts); });
    return list;
}

Properties file_access_appending() {
    Properties list = file_access();
    H5AC_cache_config_t cache{};
    cache.version = H5AC__CURR_CACHE_CONFIG_VERSION;
    call("H5Pget_mdc_config", {}, [&] { return H5Pget_mdc_config(list.get(), &cache); });
    constexpr std::size_t bytes = 16384; // to begin with; it grows if what is dropped is missed
    cache.set_initial_size = true;
    cache.initial_size = cache.min_size = bytes;
    call("H5Pset_mdc_config", {}, [&] { return H5Pset_mdc_config(list.get(), &cache); });
    return list;
}

Properties file_access_clearing_flags() {
    Properties list = file_access();
    // What h5clear -s does; the name is the library's own, without a public function.
    const hbool_t clear = 1;
    call("H5Pset", {.name = "clear_status_flags"},
         [&] { return H5Pset(list.get(), "clear_status_flags", &clear); });
    return list;
}

Properties file_access_mpi(const void* comm, const std::map<std::string, std::string>& hints) {
    Properties list = file_access();
    const Hints info(hints);
    call("H5Pset_fapl_mpio", {}, [&] { // duplicates both
        return H5Pset_fapl_mpio(list.get(), *static_cast<const MPI_Comm*>(comm), info.get());
    });
    // All ranks write metadata together: far fewer, larger writes.
    call("H5Pset_coll_metadata_write", {},
         [&] { return H5Pset_coll_metadata_write(list.get(), true); });
    return list;
}

Properties collective_transfer() {
    Properties list = make(H5P_DATASET_XFER);
    call("H5Pset_dxpl_mpio", {},
         [&] { return H5Pset_dxpl_mpio(list.get(), H5FD_MPIO_COLLECTIVE); });
    return list;
}

Properties file_creation() {
    Properties list = make(H5P_FILE_CREATE);
    call("H5Pset_link_creation_order", {},
         [&] { return H5Pset_link_creation_order(list.get(), in_order); });
    call("H5Pset_attr_creation_order", {},
         [&] { return H5Pset_attr_creation_order(list.get(), in_order); });
    return list;
}

Properties group_creation() {
    Properties list = make(H5P_GROUP_CREATE);
    call("H5Pset_link_creation_order", {},
         [&] { return H5Pset_link_creation_order(list.get(), in_order); });
    call("H5Pset_attr_creation_order", {},
         [&] { return H5Pset_attr_creation_order(list.get(), in_order); });
    return list;
}

Properties dataset_creation() {
    Properties list = make(H5P_DATASET_CREATE);
    call("H5Pset_attr_creation_order", {},
         [&] { return H5Pset_attr_creation_order(list.get(), in_order); });
    call("H5Pset_obj_track_times", {}, [&] { return H5Pset_obj_track_times(list.get(), 0); });
    return list;
}

void set_chunk(const Properties& creation, std::span<const hsize_t> chunk) {
    call("H5Pset_chunk", {}, [&] {
        return H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
    });
}

void set_fill(const Properties& creation, double value) {
    call("H5Pset_fill_value", {},
         [&] { return H5Pset_fill_value(creation.get(), H5T_NATIVE_DOUBLE, &value); });
}

void set_filters(const Properties& creation, std::span<const codec::Hdf5Filter> filters) {
    for (const auto& filter : filters) {
        const auto id = core::checked_cast<H5Z_filter_t>(filter.id);
        const unsigned flags = filter.optional ? H5Z_FLAG_OPTIONAL : H5Z_FLAG_MANDATORY;
        call("H5Pset_filter", {.name = filter.name}, [&] {
            return H5Pset_filter(creation.get(), id, flags, filter.values.size(),
                                 filter.values.data());
        });
    }
}

void map_virtual(const Properties& creation, const Space& virtual_space, const std::string& file,
                 const char* dataset, const Space& source_space) {
    call("H5Pset_virtual", {.name = file}, [&] {
        return H5Pset_virtual(creation.get(), virtual_space.get(), file.c_str(), dataset,
                              source_space.get());
    });
}

Properties uncached_dataset() {
    Properties list = make(H5P_DATASET_ACCESS);
    call("H5Pset_chunk_cache", {}, [&] { return H5Pset_chunk_cache(list.get(), 1, 0, 1.0); });
    return list;
}

} // namespace morphogen::store::hdf5
