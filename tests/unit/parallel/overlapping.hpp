#pragma once

#include "morphogen/parallel/slice.hpp"

#include <utility>

namespace morphogen::test {

/// A range that breaks its promise where @p overlap is not 0: at its first split the first half
/// reaches that many elements into the second, while the sizes add up.
class Overlapping : parallel::detail::Copies<false> {
public:
    using Element = int&;
    using Index = parallel::Index;

    Overlapping(int* data, Index size, Index overlap)
        : data_(data), size_(size), overlap_(overlap) {}

    Index size() const { return size_; }
    std::pair<Overlapping, Overlapping> split_at(Index n) && {
        const Index reach = n > 0 && n < size_ ? overlap_ : 0;
        return {Overlapping(data_ + reach, n, 0), Overlapping(data_ + n, size_ - n, 0)};
    }
    template <typename F>
    void each(F&& f) && {
        for (Index i = 0; i < size_; ++i)
            f(data_[i]);
    }
    parallel::Footprint footprint() const { return {data_, data_ + size_}; }

private:
    int* data_;
    Index size_;
    Index overlap_;
};

} // namespace morphogen::test

template <>
inline constexpr bool morphogen::parallel::splits_disjoint<morphogen::test::Overlapping> = true;
