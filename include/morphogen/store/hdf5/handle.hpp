#pragma once

#include "morphogen/store/hdf5/call.hpp"

#include <hdf5.h>

#include <utility>

namespace morphogen::store::hdf5 {

/// Owns one HDF5 identifier; @p Close is what ends it, and makes the kinds different types. Never
/// converts to hid_t by itself.
template <herr_t (*Close)(hid_t)>
class Handle {
public:
    Handle() = default;
    explicit Handle(hid_t id) noexcept : id_(id) {}
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(id_, other.id_);
        return *this;
    }
    /// Closes without a word: where a failure matters, close() is called before.
    ~Handle() {
        if (!valid()) return;
        const QuietErrors quiet;
        if (Close(id_) < 0) H5Eclear2(H5E_DEFAULT);
        pending_write_failure.is_set = false; // nor is it another call's
    }

    hid_t get() const noexcept { return id_; }
    bool valid() const noexcept { return id_ >= 0; }
    /// Gives up the identifier without closing it.
    hid_t release() noexcept { return std::exchange(id_, H5I_INVALID_HID); }
    /// @throws core::Error
    void close() {
        if (!valid()) return;
        // Described before: a failed close may leave nothing to ask.
        const std::string where = describe({.object = id_});
        const hid_t id = release();
        call("closing", {.name = where}, [&] { return Close(id); });
    }

private:
    hid_t id_ = H5I_INVALID_HID;
};

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Dataset = Handle<H5Dclose>;
using Attribute = Handle<H5Aclose>;
using Space = Handle<H5Sclose>;
using Type = Handle<H5Tclose>;
using Properties = Handle<H5Pclose>;
using Object = Handle<H5Oclose>;

} // namespace morphogen::store::hdf5
