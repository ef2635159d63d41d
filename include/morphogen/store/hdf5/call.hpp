#pragma once

#include <hdf5.h>

#include <string>
#include <string_view>
#include <type_traits>

/// HDF5 behind owning handles and throwing calls. One thread per process may use it at a time: the
/// library is built without thread safety where it is built with MPI.
namespace morphogen::store::hdf5 {

/// Keeps HDF5 from printing its error stack while it lives, and gives the host program's handler
/// back afterwards (whichever of the two interface versions set it). While a thread has one,
/// further ones cost nothing. They must nest, across threads too: where the library is built for
/// MPI, the handler is the process'.
class QuietErrors {
public:
    QuietErrors() noexcept;
    ~QuietErrors();
    QuietErrors(const QuietErrors&) = delete;
    QuietErrors& operator=(const QuietErrors&) = delete;

private:
    inline static thread_local int alive_ = 0;
    H5E_auto2_t current_ = nullptr;
    H5E_auto1_t old_ = nullptr;
    void* data_ = nullptr;
    bool is_current_ = true;
};

/// The end of a file's name until it is complete; not shown in messages.
inline constexpr const char* unfinished_suffix = ".new";

/// The end of the name under which a file in memory is opened: such a file must not exist on the
/// disk, and none can have this name. Not shown in messages.
inline constexpr const char* in_memory_suffix = "/";

/// What a call is about, for its error: an open object, a name below it, or a file's path alone.
struct Subject {
    hid_t object = H5I_INVALID_HID;
    std::string_view name = {};
};

/// @throws core::Error: call, file, object, and the innermost message of HDF5's error stack.
[[noreturn]] void throw_failure(const char* function, const Subject& subject);

/// What steadfast_driver.hpp kept from the library, for the call that caused it. Touched by the one
/// thread that uses HDF5.
struct WriteFailure {
    bool is_set = false;
    std::string path;
    std::string why;
};
inline WriteFailure pending_write_failure;

/// @throws core::Error for the pending write failure, which is forgotten.
[[noreturn]] void throw_write_failure(const char* function, const Subject& subject);

/// Runs one HDF5 call, named @p function, whose negative results are failures.
/// @throws core::Error
template <typename Call>
auto call(const char* function, const Subject& subject, Call&& run) {
    const QuietErrors quiet;
    const auto result = run();
    static_assert(std::is_signed_v<decltype(result)> || std::is_enum_v<decltype(result)>);
    if (pending_write_failure.is_set) throw_write_failure(function, subject);
    if (static_cast<long long>(result) < 0) throw_failure(function, subject);
    return result;
}

/// The name under which the file of an open object was opened, and the object's own in it.
std::string file_name_of(hid_t object);
std::string name_of(hid_t object);

/// "file, object" of an open identifier, as far as HDF5 knows them.
std::string describe(const Subject& subject);

} // namespace morphogen::store::hdf5
