#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstdint>
#include <utility>

/// HDF5 1.10 tells in reasonable time how long a chunk is, not where it lies. This file driver is
/// the default one (sec2) but for that: what the library is about to read of raw data can be had as
/// a place in the file, so that any thread can read it.
namespace morphogen::store::hdf5 {

/// Raw data of an open file; the descriptor stays the library's.
struct RawPlace {
    int descriptor = -1;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

/// Makes files opened with @p access use the driver. @throws core::Error
void set_locating_driver(const Properties& access);

/// Whether it is this driver, below which there is a file of the default one.
bool is_locating_driver(hid_t driver) noexcept;

/// While it is set, the driver puts here what is asked of it instead of reading it. Touched by the
/// one thread that uses HDF5.
inline RawPlace* wanted_place = nullptr;

/// For drivers that tell places too, in their function that reads.
enum class Located { not_asked, told, failed };
Located tell_place(const H5FD_class_t& original, H5FD_t* file, H5FD_mem_t type, haddr_t address,
                   std::size_t size);
/// For such a driver, once it is registered.
void note_that_tells_places(hid_t driver);
/// Whether the file's driver does. @throws core::Error
bool tells_places(const File& file);

/// Where the raw data lie that @p call, one HDF5 call on a file of that driver, would read; what
/// the call says that it has read is not there. Of another driver it would be: ask tells_places().
/// @throws what @p call throws
template <typename Call>
RawPlace locate_raw(Call&& call) {
    RawPlace place;
    struct Wanted {
        explicit Wanted(RawPlace& place) { wanted_place = &place; }
        ~Wanted() { wanted_place = nullptr; }
    };
    const Wanted wanted(place);
    std::forward<Call>(call)();
    return place;
}

} // namespace morphogen::store::hdf5
