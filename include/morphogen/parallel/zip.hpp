#pragma once

#include "morphogen/parallel/slice.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace morphogen::parallel {

/// A range whose elements can be asked for by number: what zip() takes.
template <typename R>
concept Indexed = Splittable<R> && requires(const R& r, Index i) {
    { r[i] } -> std::same_as<typename R::Element>;
};

/// Several ranges in step, as long as the shortest: each element is a tuple of theirs.
template <Indexed... R>
class Zip {
public:
    using Element = std::tuple<typename R::Element...>;

    explicit Zip(R... ranges) noexcept : ranges_(std::move(ranges)...) {}

    Index size() const noexcept {
        return std::apply([](const R&... r) { return std::min({r.size()...}); }, ranges_);
    }

    std::pair<Zip, Zip> split_at(Index n) && {
        return std::apply(
            [n](R&... r) { return join_halves(split(std::move(r), std::min(n, r.size()))...); },
            ranges_);
    }

    template <typename F>
    void each(F&& f) && {
        const Index n = size();
        std::apply(
            [&](const R&... r) {
                for (Index i = 0; i < n; ++i)
                    f(Element(r[i]...));
            },
            ranges_);
    }

private:
    static std::pair<Zip, Zip> join_halves(std::pair<R, R>... halves) {
        return {Zip(std::move(halves.first)...), Zip(std::move(halves.second)...)};
    }

    std::tuple<R...> ranges_;
};

template <typename... R>
inline constexpr bool splits_disjoint<Zip<R...>> = (splits_disjoint<R> && ...);

namespace detail {
template <typename R>
inline constexpr bool is_slice = false;
template <typename T>
inline constexpr bool is_slice<Slice<T>> = true;

/// Slices of the same memory, one of them mutable, that are out of step: one half would write what
/// the other uses.
template <typename A, typename B>
bool in_step(const A& a, const B& b) noexcept {
    if constexpr (is_slice<A> && is_slice<B> &&
                  !(reads_only<typename A::Element> && reads_only<typename B::Element>))
        return a.footprint().begin == b.footprint().begin ||
               a.footprint().apart_from(b.footprint());
    else
        return true;
}

template <typename R, typename... Rest>
bool all_in_step(const R& first, const Rest&... rest) noexcept {
    if constexpr (sizeof...(Rest) == 0)
        return true;
    else
        return (in_step(first, rest) && ...) && all_in_step(rest...);
}
} // namespace detail

///     for_each(zip(slice(out), slice(in)), [](auto pair) { auto& [y, x] = pair; y = f(x); });
template <Indexed... R>
requires(sizeof...(R) >= 1) Zip<R...> zip(R... ranges) {
    MORPHOGEN_EXPECT(detail::all_in_step(ranges...));
    return Zip<R...>(std::move(ranges)...);
}

} // namespace morphogen::parallel
