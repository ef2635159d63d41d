#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/view.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

/// What may be worked on in parallel. Two halves of such a range are used by two threads at the
/// same time, so either both only read, or nothing can be reached through both. The first can be
/// seen in a type; the second is a promise of whoever writes it, and is checked as far as types and
/// contracts can.
namespace morphogen::parallel {

using core::Index;

/// Whether two threads may hold an element of this type for the same object: no way to write
/// through it. Handles to mutable things are not; specialise it for your own.
template <typename E>
inline constexpr bool reads_only = true;
template <typename T>
inline constexpr bool reads_only<T&> = std::is_const_v<T>&& reads_only<std::remove_const_t<T>>;
template <typename T>
inline constexpr bool reads_only<const T> = reads_only<T>;
template <typename T>
inline constexpr bool reads_only<T*> = std::is_const_v<T>;
template <typename T, std::size_t N>
inline constexpr bool reads_only<std::span<T, N>> = std::is_const_v<T>;
template <typename T>
inline constexpr bool reads_only<std::reference_wrapper<T>> = std::is_const_v<T>;
template <typename T>
inline constexpr bool reads_only<std::shared_ptr<T>> = std::is_const_v<T>;
template <typename T>
inline constexpr bool reads_only<core::View3<T>> = std::is_const_v<T>;
template <typename A, typename B>
inline constexpr bool reads_only<std::pair<A, B>> = reads_only<A>&& reads_only<B>;
template <typename... E>
inline constexpr bool reads_only<std::tuple<E...>> = (reads_only<E> && ...);

/// Whether an element of this type is the only way to what it refers to, as long as its range is: a
/// reference, or a handle that cannot be copied. A copyable handle to mutable memory, std::span of
/// a window among them, is not: the same cells could be in two of them.
template <typename E>
inline constexpr bool is_exclusive = reads_only<E> ||
                                     (std::is_lvalue_reference_v<E>
                                          ? !std::copy_constructible<std::remove_reference_t<E>> ||
                                                reads_only<std::remove_reference_t<E>>
                                          : !std::copy_constructible<E>);
template <typename A, typename B>
inline constexpr bool is_exclusive<std::pair<A, B>> = is_exclusive<A>&& is_exclusive<B>;
template <typename... E>
inline constexpr bool is_exclusive<std::tuple<E...>> = (is_exclusive<E> && ...);

/// The promise, to be specialised as true: what one half of R's split_at() gives access to, the
/// other does not, unless it reads_only.
template <typename R>
inline constexpr bool splits_disjoint = false;

namespace detail {
struct AnySink {
    template <typename E>
    void operator()(E&&) const {}
};
} // namespace detail

/// A range for parallel use:
///
///     using Element = ...;                        // what each() hands out
///     Index size() const;
///     std::pair<R, R> split_at(Index n) &&;       // the first n elements and the others; 0 <= n
///     <= size() void each(F&& f) &&;                        // f(Element), first to last
///
/// and splits_disjoint<R>. A range that gives more than reading must not be copyable, because a
/// copy is an alias, and its elements must be exclusive.
template <typename R>
concept Splittable = splits_disjoint<R> && std::move_constructible<R> &&
    requires(const R& r, R&& range, Index n) {
    typename R::Element;
    { r.size() } -> std::same_as<Index>;
    { std::move(range).split_at(n) } -> std::same_as<std::pair<R, R>>;
    std::move(range).each(detail::AnySink{});
} &&(reads_only<typename R::Element> ||
     (!std::copy_constructible<R> && is_exclusive<typename R::Element>));

/// The memory from a range's first element to the end of its last.
struct Footprint {
    const void* begin = nullptr;
    const void* end = nullptr;

    bool apart_from(const Footprint& other) const noexcept {
        const std::less_equal<const void*> before;
        return begin == end || other.begin == other.end || before(end, other.begin) ||
               before(other.end, begin);
    }
};

/// A range that says where it is, so that overlapping halves are found (MORPHOGEN_CONTRACTS).
template <typename R>
concept HasFootprint = requires(const R& r) {
    { r.footprint() } -> std::same_as<Footprint>;
};

/// range.split_at(n), checked.
template <Splittable R>
std::pair<R, R> split(R&& range, Index n) requires(!std::is_reference_v<R>) {
    [[maybe_unused]] const Index size = range.size();
    MORPHOGEN_EXPECT(n >= 0 && n <= size);
    std::pair<R, R> halves = std::move(range).split_at(n);
    MORPHOGEN_EXPECT(halves.first.size() == n && halves.second.size() == size - n);
    if constexpr (HasFootprint<R> && !reads_only<typename R::Element>)
        MORPHOGEN_EXPECT(halves.first.footprint().apart_from(halves.second.footprint()));
    return halves;
}

} // namespace morphogen::parallel
