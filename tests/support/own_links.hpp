#pragma once

#include "morphogen/store/hdf5/call.hpp"

#include <cstddef>

namespace morphogen::test {

/// A program's own kind of link, known to the library while this lives.
class OwnLinks {
public:
    OwnLinks() {
        H5L_class_t kind{};
        kind.version = H5L_LINK_CLASS_T_VERS;
        kind.id = id;
        kind.trav_func = [](const char*, hid_t, const void*, std::size_t, hid_t
#if H5L_LINK_CLASS_T_VERS > 0
                            ,
                            hid_t
#endif
                            ) -> hid_t { return -1; };
        store::hdf5::call("H5Lregister", {}, [&] { return H5Lregister(&kind); });
    }
    OwnLinks(const OwnLinks&) = delete;
    OwnLinks& operator=(const OwnLinks&) = delete;
    ~OwnLinks() {
        H5Lunregister(id);
    }

    void add(hid_t file, const char* name) const {
        store::hdf5::call("H5Lcreate_ud", {file, name}, [&] {
            return H5Lcreate_ud(file, name, id, "", 0, H5P_DEFAULT, H5P_DEFAULT);
        });
    }

private:
    static constexpr auto id = static_cast<H5L_type_t>(H5L_TYPE_UD_MIN + 50);
};

} // namespace morphogen::test
