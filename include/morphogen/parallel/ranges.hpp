#pragma once

#include "morphogen/parallel/join.hpp"
#include "morphogen/parallel/slice.hpp"
#include "morphogen/parallel/zip.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <list>
#include <type_traits>
#include <utility>
#include <vector>

/// Loops over Splittable ranges that use the threads of the fork-join region around them, and are
/// ordinary loops outside one:
///
///     using namespace morphogen::parallel;
///     team.fork_join([&] {
///         for_each(slice(cells), [](float& c) { c *= 2; });
///         const double sum = reduce(map(slice(std::as_const(cells)), to_double), 0.0,
///         std::plus<>()); const std::vector<Index> hot = collect(filter(indices(n), [&](Index i) {
///         return cells[i] > 1; }));
///     });
///
/// The functions are called by several threads at once, through a const reference: state of their
/// own does not compile, and what they refer to must bear that. They must not wait for one another:
/// see join(), whose rules for errors hold too.
///
/// Which elements make a leaf depends on the number of elements and the cut-off, never on threads
/// or luck, and results are combined in the elements' order: a reduction has the same bits for any
/// team.
namespace morphogen::parallel {

/// How many elements, at most, are worked on in an ordinary loop, without join().
namespace cutoff {

/// As many. Where the compiler vectorises the loop, or an element costs a nanosecond.
struct Elements {
    Index elements;
    constexpr Index leaf(Index) const noexcept { return std::max<Index>(elements, 1); }
};

/// A 256th of all, at most 1024: leaves enough for many threads, and a join costs little beside
/// one.
struct Automatic {
    constexpr Index leaf(Index size) const noexcept {
        return std::clamp<Index>(size / 256, 1, 1024);
    }
};

/// One. Where an element is much work, or elements differ wildly.
struct None {
    constexpr Index leaf(Index) const noexcept { return 1; }
};

} // namespace cutoff

/// @p leaf(size): elements, at least 1, of a loop over `size` of them.
template <typename C>
concept CutoffPolicy = requires(const C& c, Index size) {
    { c.leaf(size) } -> std::same_as<Index>;
};

namespace detail {

/// What happens to an element on its way from the source: stage(element, sink) calls
/// sink(result) once, or not at all. Only sources are split; stages are shared by all threads.
struct AsIs {
    static constexpr bool keeps_all = true;
    template <typename E>
    using Result = E;
    template <typename E, typename Sink>
    void operator()(E&& e, Sink&& sink) const {
        sink(std::forward<E>(e));
    }
};

template <typename Before, typename F>
struct Mapped {
    Before before;
    F f;
    static constexpr bool keeps_all = Before::keeps_all;
    template <typename E>
    using Result = std::invoke_result_t<const F&, typename Before::template Result<E>>;
    template <typename E, typename Sink>
    void operator()(E&& e, Sink&& sink) const {
        before(std::forward<E>(e),
               [&](auto&& x) { sink(std::invoke(f, std::forward<decltype(x)>(x))); });
    }
};

template <typename Before, typename F>
struct Filtered {
    Before before;
    F keep;
    static constexpr bool keeps_all = false;
    template <typename E>
    using Result = typename Before::template Result<E>;
    template <typename E, typename Sink>
    void operator()(E&& e, Sink&& sink) const {
        before(std::forward<E>(e), [&](auto&& x) {
            if (std::invoke(keep, std::as_const(x))) sink(std::forward<decltype(x)>(x));
        });
    }
};

template <typename C, typename R, typename OnLeaf, typename Combine>
auto divide(R&& range, Index leaf, Index offset, const OnLeaf& on_leaf, const Combine& combine)
    -> decltype(on_leaf(std::move(range), offset)) {
    const Index size = range.size();
    if (size <= leaf) return on_leaf(std::move(range), offset);
    const Index middle = size / 2;
    std::pair<R, R> half = split(std::move(range), middle);
    auto results = join(
        [&] { return divide<C>(std::move(half.first), leaf, offset, on_leaf, combine); },
        [&] { return divide<C>(std::move(half.second), leaf, offset + middle, on_leaf, combine); });
    return combine(std::move(results.first), std::move(results.second));
}

} // namespace detail

/// A source and what is to happen to its elements; does nothing by itself.
template <Splittable R, typename Stage = detail::AsIs>
struct StagedRange {
    using Result = typename Stage::template Result<typename R::Element>;
    R source;
    Stage stage{};
};

namespace detail {
template <Splittable R>
StagedRange<R> staged(R range) {
    return {std::move(range)};
}
template <typename R, typename Stage>
StagedRange<R, Stage> staged(StagedRange<R, Stage> p) {
    return p;
}

template <typename R, typename Stage, CutoffPolicy C, typename OnLeaf, typename Combine>
auto divide(StagedRange<R, Stage>&& p, const C& cut, const OnLeaf& on_leaf,
            const Combine& combine) {
    const Index leaf = cut.leaf(p.source.size());
    MORPHOGEN_EXPECT(leaf >= 1);
    if (Worker* const worker = Worker::current()) worker->begin_root();
    return divide<C>(std::move(p.source), leaf, 0, on_leaf, combine);
}
} // namespace detail

/// A source, or one with map() and filter() applied.
template <typename P>
concept Parallel = requires(P&& p) {
    detail::staged(std::forward<P>(p));
};

/// Each element x becomes f(x).
template <Parallel P, typename F>
auto map(P&& p, F f) {
    auto before = detail::staged(std::forward<P>(p));
    using Before = decltype(before);
    using Stage = detail::Mapped<decltype(before.stage), F>;
    static_assert(std::is_invocable_v<const F&, typename Before::Result>,
                  "several threads call it: it must take the element, as a const object");
    return StagedRange<decltype(before.source), Stage>{
        std::move(before.source), Stage{std::move(before.stage), std::move(f)}};
}

/// The elements for which keep(const x&) holds, in their order.
template <Parallel P, typename F>
auto filter(P&& p, F keep) {
    auto before = detail::staged(std::forward<P>(p));
    using Stage = detail::Filtered<decltype(before.stage), F>;
    return StagedRange<decltype(before.source), Stage>{
        std::move(before.source), Stage{std::move(before.stage), std::move(keep)}};
}

/// Calls f(x) for every element, in any order and at the same time.
template <Parallel P, typename F, CutoffPolicy C = cutoff::Automatic>
void for_each(P&& p, const F& f, const C& cut = {}) {
    auto line = detail::staged(std::forward<P>(p));
    const auto stage = std::move(line.stage);
    detail::divide(
        std::move(line), cut,
        [&](auto&& leaf, Index) {
            std::move(leaf).each([&](auto&& x) {
                stage(std::forward<decltype(x)>(x),
                      [&](auto&& y) { std::invoke(f, std::forward<decltype(y)>(y)); });
            });
            return std::monostate();
        },
        [](std::monostate, std::monostate) { return std::monostate(); });
}

/// identity + x0 + x1 + ... with `op` for the plus: associative, and op(identity, x) == x. Each
/// leaf starts from @p identity. @returns identity where there is no element.
template <Parallel P, typename T, typename Op, CutoffPolicy C = cutoff::Automatic>
T reduce(P&& p, const T& identity, const Op& op, const C& cut = {}) {
    auto line = detail::staged(std::forward<P>(p));
    const auto stage = std::move(line.stage);
    return detail::divide(
        std::move(line), cut,
        [&](auto&& leaf, Index) {
            T sum = identity;
            std::move(leaf).each([&](auto&& x) {
                stage(std::forward<decltype(x)>(x), [&](auto&& y) {
                    sum = std::invoke(op, std::move(sum), std::forward<decltype(y)>(y));
                });
            });
            return sum;
        },
        [&](T&& left, T&& right) { return T(std::invoke(op, std::move(left), std::move(right))); });
}

namespace detail {

/// The number of results is known: each leaf writes its own part of them.
template <typename T, typename Line, typename Stage, typename C>
std::vector<T> collect_all(Line&& line, const Stage& stage, const C& cut) {
    std::vector<T> all(static_cast<std::size_t>(line.source.size()));
    divide(
        std::move(line), cut,
        [&](auto&& leaf, Index offset) {
            T* next = all.data() + offset;
            std::move(leaf).each([&](auto&& x) {
                stage(std::forward<decltype(x)>(x),
                      [&](auto&& y) { *next++ = std::forward<decltype(y)>(y); });
            });
            return std::monostate();
        },
        [](std::monostate, std::monostate) { return std::monostate(); });
    return all;
}

/// It is not: each leaf makes a vector, and they are put together in the end.
template <typename T, typename Line, typename Stage, typename C>
std::vector<T> collect_some(Line&& line, const Stage& stage, const C& cut) {
    using Parts = std::list<std::vector<T>>; // joined without copying
    Parts parts = divide(
        std::move(line), cut,
        [&](auto&& leaf, Index) {
            Parts part(1);
            std::move(leaf).each([&](auto&& x) {
                stage(std::forward<decltype(x)>(x),
                      [&](auto&& y) { part.front().push_back(std::forward<decltype(y)>(y)); });
            });
            return part;
        },
        [](Parts&& left, Parts&& right) {
            left.splice(left.end(), right);
            return std::move(left);
        });
    if (parts.size() == 1) return std::move(parts.front());
    std::size_t size = 0;
    for (const auto& part : parts)
        size += part.size();
    std::vector<T> all;
    all.reserve(size);
    for (auto& part : parts)
        std::move(part.begin(), part.end(), std::back_inserter(all));
    return all;
}

} // namespace detail

/// The elements, copied or moved into a vector in their order.
template <Parallel P, CutoffPolicy C = cutoff::Automatic>
auto collect(P&& p, const C& cut = {}) {
    auto line = detail::staged(std::forward<P>(p));
    using Stage = decltype(line.stage);
    using T = std::remove_cvref_t<typename decltype(line)::Result>;
    const Stage stage = std::move(line.stage);
    // Neighbours in a vector<bool> share a byte: two threads must not write them.
    if constexpr (Stage::keeps_all && std::default_initializable<T> && !std::same_as<T, bool>)
        return detail::collect_all<T>(std::move(line), stage, cut);
    else
        return detail::collect_some<T>(std::move(line), stage, cut);
}

} // namespace morphogen::parallel
