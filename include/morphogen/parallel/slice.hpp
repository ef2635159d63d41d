#pragma once

#include "morphogen/core/contract.hpp"
#include "morphogen/core/view.hpp"
#include "morphogen/parallel/splittable.hpp"

#include <algorithm>
#include <concepts>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>

namespace morphogen::parallel {

namespace detail {
/// A base that makes handles to mutable memory move-only.
template <bool copyable>
struct Copies {};
template <>
struct Copies<false> {
    Copies() = default;
    Copies(const Copies&) = delete;
    Copies& operator=(const Copies&) = delete;
    Copies(Copies&&) noexcept = default;
    Copies& operator=(Copies&&) noexcept = default;
};
template <typename T>
using CopiesIfConst = Copies<std::is_const_v<T>>;
} // namespace detail

/// Every stride-th of some elements in memory; a slice where stride is 1. Whoever has one of a
/// mutable T is the only one who uses these elements: it is move-only, and only split_at() divides
/// it. One of const T may be copied.
template <typename T>
class Strided : detail::CopiesIfConst<T> {
public:
    using Element = T&;

    /// @param stride elements from one to the next, at least 1.
    Strided(T* data, Index size, Index stride) noexcept
        : data_(data), size_(size), stride_(stride) {
        MORPHOGEN_EXPECT(size >= 0 && stride >= 1);
    }

    Index size() const noexcept { return size_; }
    T& operator[](Index i) const noexcept { return data_[i * stride_]; }

    std::pair<Strided, Strided> split_at(Index n) && noexcept {
        return {Strided(data_, n, stride_),
                Strided(n < size_ ? data_ + n * stride_ : data_, size_ - n, stride_)};
    }

    template <typename F>
    void each(F&& f) && {
        for (Index i = 0; i < size_; ++i)
            f(data_[i * stride_]);
    }

    Footprint footprint() const noexcept {
        return {data_, size_ == 0 ? data_ : data_ + (size_ - 1) * stride_ + 1};
    }

private:
    T* data_;
    Index size_;
    Index stride_;
};

/// Contiguous elements: std::span with an owner. See Strided for what that means.
template <typename T>
class Slice : detail::CopiesIfConst<T> {
public:
    using Element = T&;

    Slice(T* data, Index size) noexcept : data_(data), size_(size) { MORPHOGEN_EXPECT(size >= 0); }

    Index size() const noexcept { return size_; }
    T* data() const noexcept { return data_; }
    T* begin() const noexcept { return data_; }
    T* end() const noexcept { return data_ + size_; }
    T& operator[](Index i) const noexcept { return data_[i]; }

    std::pair<Slice, Slice> split_at(Index n) && noexcept {
        return {Slice(data_, n), Slice(data_ + n, size_ - n)};
    }

    template <typename F>
    void each(F&& f) && {
        for (T& element : *this)
            f(element);
    }

    Footprint footprint() const noexcept { return {begin(), end()}; }

private:
    T* data_;
    Index size_;
};

/// The elements of a vector, an array, a std::span, ... that outlives the slice and that nobody
/// else uses as long as the slice exists. Of a constant one: for reading, copyable.
template <std::ranges::contiguous_range C>
requires std::ranges::sized_range<C> && std::ranges::borrowed_range<C>
auto slice(C&& elements) {
    using T = std::remove_reference_t<std::ranges::range_reference_t<C>>;
    return Slice<T>(std::ranges::data(elements), std::ranges::ssize(elements));
}

/// A column, say: @p size elements of a 2-D array, @p stride apart.
template <typename T>
Strided<T> strided(T* data, Index size, Index stride) noexcept {
    return {data, size, stride};
}

/// A slice in pieces of @p length, the last may be shorter: each element is a Slice.
template <typename T>
class Chunks : detail::CopiesIfConst<T> {
public:
    using Element = Slice<T>;

    Chunks(Slice<T>&& whole, Index length) noexcept
        : data_(whole.data()), cells_(whole.size()), length_(length) {
        MORPHOGEN_EXPECT(length >= 1);
    }

    Index size() const noexcept { return (cells_ + length_ - 1) / length_; }

    std::pair<Chunks, Chunks> split_at(Index n) && noexcept {
        const Index at = std::min(n * length_, cells_);
        return {Chunks({data_, at}, length_), Chunks({data_ + at, cells_ - at}, length_)};
    }

    template <typename F>
    void each(F&& f) && {
        for (Index at = 0; at < cells_; at += length_)
            f(Slice<T>(data_ + at, std::min(length_, cells_ - at)));
    }

    Footprint footprint() const noexcept { return {data_, data_ + cells_}; }

private:
    T* data_;
    Index cells_;
    Index length_;
};

/// @param length cells in each, at least 1.
template <typename T>
Chunks<T> chunks(Slice<T> whole, Index length) noexcept {
    return {std::move(whole), length};
}

/// The rows [z][y] of a 3-D view, slowest first: each element is a Slice of one row's cells. The
/// view's rows must not overlap: pitch_y at least shape[2], pitch_z at least shape[1] * pitch_y.
template <typename T>
class Rows : detail::CopiesIfConst<T> {
public:
    using Element = Slice<T>;

    explicit Rows(const core::View3<T>& view) noexcept
        : Rows(view, 0, view.shape[0] * view.shape[1]) {
        MORPHOGEN_EXPECT(view.pitch_y >= view.shape[2]);
        MORPHOGEN_EXPECT(view.shape[0] <= 1 || view.pitch_z >= view.shape[1] * view.pitch_y);
    }

    Index size() const noexcept { return end_ - begin_; }

    std::pair<Rows, Rows> split_at(Index n) && noexcept {
        return {Rows(view_, begin_, begin_ + n), Rows(view_, begin_ + n, end_)};
    }

    template <typename F>
    void each(F&& f) && {
        for (Index row = begin_; row < end_; ++row)
            f(at(row));
    }

    Footprint footprint() const noexcept {
        if (size() == 0) return {};
        return {at(begin_).begin(), at(end_ - 1).end()};
    }

private:
    Rows(const core::View3<T>& view, Index begin, Index end) noexcept
        : view_(view), begin_(begin), end_(end) {}
    Slice<T> at(Index row) const noexcept {
        return {view_.row(row / view_.shape[1], row % view_.shape[1]), view_.shape[2]};
    }

    core::View3<T> view_;
    Index begin_; // rows
    Index end_;
};

template <typename T>
Rows<T> rows(const core::View3<T>& view) noexcept {
    return Rows<T>(view);
}

/// The numbers [begin, end).
class Indices {
public:
    using Element = Index;

    Indices(Index begin, Index end) noexcept : begin_(begin), end_(std::max(begin, end)) {}

    Index size() const noexcept { return end_ - begin_; }
    Index operator[](Index i) const noexcept { return begin_ + i; }
    std::pair<Indices, Indices> split_at(Index n) && noexcept {
        return {Indices(begin_, begin_ + n), Indices(begin_ + n, end_)};
    }
    template <typename F>
    void each(F&& f) && {
        for (Index i = begin_; i < end_; ++i)
            f(Index{i});
    }

private:
    Index begin_;
    Index end_;
};

/// [0, n)
inline Indices indices(Index n) noexcept {
    return {0, n};
}

template <typename T>
inline constexpr bool splits_disjoint<Strided<T>> = true;
template <typename T>
inline constexpr bool splits_disjoint<Slice<T>> = true;
template <typename T>
inline constexpr bool splits_disjoint<Chunks<T>> = true;
template <typename T>
inline constexpr bool splits_disjoint<Rows<T>> = true;
template <>
inline constexpr bool splits_disjoint<Indices> = true;
template <typename T>
inline constexpr bool reads_only<Slice<T>> = std::is_const_v<T>;
template <typename T>
inline constexpr bool reads_only<Strided<T>> = std::is_const_v<T>;

} // namespace morphogen::parallel
