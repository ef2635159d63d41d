#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/rework/gather.hpp"
#include "morphogen/store/number_type.hpp"

#include <cstddef>
#include <span>

namespace morphogen::rework {

/// mean, min or max of arrays of the same shape, element by element, in the order in which they are
/// added. Sums are double; NaN wherever one of the arrays has it, as in numpy.
class Reducer {
public:
    /// @param reduction not stack @param elements of an array
    Reducer(Reduction reduction, store::NumberType type, std::size_t elements);

    /// The type of the result: float64 for means of integers.
    store::NumberType result_type() const noexcept;

    void add(std::span<const std::byte> values);
    core::Index count() const noexcept { return count_; }
    /// The result of at least one array into @p out; begins anew.
    void finish(std::span<std::byte> out);

private:
    Reduction reduction_;
    store::NumberType type_;
    std::size_t elements_;
    core::Index count_ = 0;
    core::AlignedBuffer<std::byte>
        state_; // sums [elements] double, or extremes [elements] of type_
};

} // namespace morphogen::rework
