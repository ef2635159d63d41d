#pragma once

#include "morphogen/store/hdf5/call.hpp"

#include <exception>
#include <utility>
#include <vector>

namespace morphogen::store::hdf5 {

/// What a visitor of one of HDF5's iterations finds. No exception may pass through the library: it
/// would keep handles open for ever. So the first ends the iteration and is thrown by take().
template <typename T>
class Collected {
public:
    /// Inside the visitor, which returns the result. @p make returns the next item.
    template <typename Make>
    herr_t add(Make&& make) noexcept {
        try {
            items_.push_back(std::forward<Make>(make)());
            return H5_ITER_CONT;
        } catch (...) {
            error_ = std::current_exception();
            return H5_ITER_STOP;
        }
    }

    /// After the iteration.
    std::vector<T> take() {
        if (error_) std::rethrow_exception(error_);
        return std::move(items_);
    }

private:
    std::vector<T> items_;
    std::exception_ptr error_;
};

} // namespace morphogen::store::hdf5
