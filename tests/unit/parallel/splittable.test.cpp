// What must not compile: ranges whose halves could reach the same memory, one of them writing. Each
// refused range has a sibling that differs in the fault alone and is accepted, so that nothing is
// refused for another reason.

#include "morphogen/parallel/ranges.hpp"

#include "catch.hpp"
#include "overlapping.hpp"

#include <functional>
#include <memory>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

using namespace morphogen;
using namespace morphogen::parallel;

namespace {

enum class Copying { allowed, forbidden };

/// A range over memory whose elements are E.
template <typename E, Copying copying>
struct Custom : detail::Copies<copying == Copying::allowed> {
    using Element = E;
    Index size() const { return 0; }
    std::pair<Custom, Custom> split_at(Index) && { return {}; }
    template <typename F>
    void each(F&& f) && {
        if (make != nullptr) f(make());
    }
    E (*make)() = nullptr;
};
template <typename E>
using Exclusive = Custom<E, Copying::forbidden>;
template <typename E>
using Shared = Custom<E, Copying::allowed>;

/// Fits in every way but for the promise.
struct Unpromised : Exclusive<int&> {
    std::pair<Unpromised, Unpromised> split_at(Index) && { return {}; }
};
struct Promised : Exclusive<int&> {
    std::pair<Promised, Promised> split_at(Index) && { return {}; }
};

/// split_at() that leaves the original in use.
struct SplitsAnLvalueOnly : Exclusive<int&> {
    std::pair<SplitsAnLvalueOnly, SplitsAnLvalueOnly> split_at(Index) & { return {}; }
};

template <typename P, typename F>
concept CanForEach = requires(P&& p, F f) {
    for_each(std::forward<P>(p), f);
};

struct Ignore {
    template <typename T>
    void operator()(T&&) const {}
};

} // namespace

template <typename E, Copying copying>
inline constexpr bool parallel::splits_disjoint<Custom<E, copying>> = true;
template <>
inline constexpr bool parallel::splits_disjoint<Promised> = true;
template <>
inline constexpr bool parallel::splits_disjoint<SplitsAnLvalueOnly> = true;

// A copyable alias of mutable memory: the copy in one half, the original in the other.
static_assert(!Splittable<Shared<int&>>);
static_assert(Splittable<Exclusive<int&>>);
static_assert(Splittable<Shared<const int&>>);
static_assert(!Splittable<Slice<int>&>);
static_assert(Splittable<Slice<int>>);
static_assert(Splittable<Slice<const int>>);
static_assert(!std::copy_constructible<Slice<int>> && std::copy_constructible<Slice<const int>>);
static_assert(!std::copy_constructible<Strided<int>> && !std::copy_constructible<Rows<int>> &&
              !std::copy_constructible<Chunks<int>> &&
              !std::copy_constructible<Zip<Slice<int>, Indices>>);
static_assert(!Splittable<std::span<int>> && !Splittable<std::vector<int>>);

// Windows: each a copyable handle to cells that the next one has too.
static_assert(!Splittable<Exclusive<std::span<int>>>);
static_assert(!Splittable<Shared<std::span<int>>>);
static_assert(Splittable<Shared<std::span<const int>>>);
static_assert(Splittable<Exclusive<Slice<int>>>);
static_assert(!Splittable<Exclusive<std::tuple<const int&, std::span<int>>>>);
static_assert(Splittable<Exclusive<std::tuple<const int&, Slice<int>>>>);
static_assert(!Splittable<Exclusive<int*>> && Splittable<Shared<const int*>>);
static_assert(!Splittable<Exclusive<std::reference_wrapper<int>>>);
static_assert(!Splittable<Exclusive<std::shared_ptr<int>>>);
static_assert(!Splittable<Exclusive<core::View3<float>>>);
static_assert(Splittable<Shared<core::View3<const float>>>);
// A reference to such a handle.
static_assert(!Splittable<Exclusive<std::span<int>&>> && !Splittable<Exclusive<int*&>>);
static_assert(!Splittable<Shared<const std::span<int>&>>);

// Without the promise; with a split that leaves a third alias.
static_assert(!Splittable<Unpromised>);
static_assert(Splittable<Promised>);
static_assert(!Splittable<SplitsAnLvalueOnly>);

// The algorithms take what is Splittable and moved in, and nothing else.
static_assert(CanForEach<Slice<int>, Ignore>);
static_assert(!CanForEach<Slice<int>&, Ignore>);
static_assert(!CanForEach<const Slice<int>&, Ignore>);
static_assert(!CanForEach<std::span<int>, Ignore>);
static_assert(!CanForEach<std::vector<int>&, Ignore>);
static_assert(!CanForEach<Shared<int&>, Ignore>);
static_assert(!CanForEach<Exclusive<std::span<int>>, Ignore>);
static_assert(CanForEach<Slice<const int>&, Ignore>);
static_assert(Indexed<Slice<int>> && Indexed<Strided<int>> && !Indexed<Rows<int>>);

TEST_CASE("footprints are apart or they are not") {
    int cells[10];
    const auto part = [&](int from, int to) { return Footprint{cells + from, cells + to}; };
    CHECK(part(0, 5).apart_from(part(5, 10)));
    CHECK(part(5, 10).apart_from(part(0, 5)));
    CHECK_FALSE(part(0, 6).apart_from(part(5, 10)));
    CHECK_FALSE(part(5, 10).apart_from(part(0, 6)));
    CHECK_FALSE(part(0, 10).apart_from(part(3, 4)));
    CHECK(part(3, 3).apart_from(part(0, 10)));
    auto [left, right] = split(test::Overlapping(cells, 10, 0), 4);
    CHECK(left.footprint().apart_from(right.footprint()));
}
