#include "store/hdf5/detached.hpp"

#include "morphogen/store/hdf5/call.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace morphogen::store::hdf5 {
namespace {

/// What @p encode writes, which it tells the size of where it gets no memory.
template <typename Encode>
std::vector<std::byte> encoded(const char* function, const Encode& encode) {
    std::size_t size = 0;
    call(function, {}, [&] { return encode(nullptr, &size); });
    std::vector<std::byte> code(size);
    call(function, {}, [&] { return encode(code.data(), &size); });
    return code;
}

/// The fill value of a creation list, if it has one of its own.
class FillValue {
public:
    FillValue(const Properties& creation, const Type& type) : type_(type) {
        H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
        call("H5Pfill_value_defined", {},
             [&] { return H5Pfill_value_defined(creation.get(), &defined); });
        if (defined != H5D_FILL_VALUE_USER_DEFINED) return;
        std::vector<std::byte> value(H5Tget_size(type.get()));
        call("H5Pget_fill_value", {},
             [&] { return H5Pget_fill_value(creation.get(), type.get(), value.data()); });
        value_ = std::move(value);
    }
    ~FillValue() { // what is of variable length was allocated
        if (!value_.empty()) H5Dvlen_reclaim(type_.get(), one_.get(), H5P_DEFAULT, value_.data());
    }
    FillValue(const FillValue&) = delete;
    FillValue& operator=(const FillValue&) = delete;

    bool is_set() const noexcept { return !value_.empty(); }
    void take_off(const Properties& creation) const { set(creation, nullptr); }
    void put_on(const Properties& creation) const { set(creation, value_.data()); }

private:
    void set(const Properties& creation, const std::byte* value) const {
        call("H5Pset_fill_value", {},
             [&] { return H5Pset_fill_value(creation.get(), type_.get(), value); });
    }

    const Type& type_;
    Space one_ = scalar_space();
    std::vector<std::byte> value_;
};

} // namespace

Type detached(const Type& type) {
    const auto code = encoded("H5Tencode", [&](void* memory, std::size_t* size) {
        return H5Tencode(type.get(), memory, size);
    });
    return Type(call("H5Tdecode", {}, [&] { return H5Tdecode(code.data()); }));
}

Space detached(const Space& space) {
    const auto code = encoded("H5Sencode", [&](void* memory, std::size_t* size) {
        return H5Sencode(space.get(), memory, size);
    });
    return Space(call("H5Sdecode", {}, [&] { return H5Sdecode(code.data()); }));
}

Properties detached(Properties creation, const Type& type) {
    // Elements of variable length are encoded as the addresses of their memory.
    const FillValue fill(creation, type);
    if (fill.is_set()) fill.take_off(creation);
    const auto code = encoded("H5Pencode", [&](void* memory, std::size_t* size) {
        return H5Pencode(creation.get(), memory, size);
    });
    Properties copy(call("H5Pdecode", {}, [&] { return H5Pdecode(code.data()); }));
    if (fill.is_set()) fill.put_on(copy);
    return copy;
}

} // namespace morphogen::store::hdf5
