#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/team.hpp"

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace morphogen::parallel {

/// What a source has next.
struct Offer {
    enum class Kind {
        item,      // to be transformed
        group_end, // closes the group of all items since the last one
        later,     // nothing yet: ask again. Only where the source may not wait
        end,       // nothing more
    };
    Kind kind = Kind::end;
    std::uint64_t bytes = 0; // held for the item from take() until it is delivered

    static constexpr Offer item(std::uint64_t bytes = 0) { return {Kind::item, bytes}; }
    static constexpr Offer group_end() { return {Kind::group_end, 0}; }
    static constexpr Offer later() { return {Kind::later, 0}; }
    static constexpr Offer end() { return {Kind::end, 0}; }
};

/// The order in which a sink gets the items of a group. Groups themselves come in source order.
enum class Delivery { in_source_order, as_completed };

/// On everything in flight: taken from the source and not yet delivered, whether it waits to be
/// transformed, is being transformed, or waits for its turn.
struct PipelineLimits {
    core::Index items = 1; // at least 1; a group's end counts as one
    std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
};

struct PipelineFigures {
    core::Index items = 0;       // delivered, without group ends
    core::Index max_items = 0;   // in flight at once
    std::uint64_t max_bytes = 0; // in flight at once
    double wait_s = 0.0;         // the host's, for threads that were still transforming
};

/// @p bool: whether the source may wait. Asked again until the offer is taken; the answer may
/// change from `later` only.
template <typename S, typename Item>
concept PipelineSource = requires(S& source, Item& item, bool may_wait) {
    { source.offer(may_wait) } -> std::same_as<Offer>;
    source.take(item);
};

template <typename K, typename Item>
concept PipelineSink = requires(K& sink, Item& item) {
    sink.put(item);
};

/// A sink that wants to know where groups end.
template <typename K, typename Item>
concept GroupSink = requires(K& sink, Item& item) {
    sink.end_group(item);
};

namespace detail {

/// The part of Pipeline that does not know the item's type: it deals in slots, 0 .. items-1.
class PipelineEngine {
public:
    struct Calls {
        FunctionRef<Offer(bool may_wait)> offer;
        FunctionRef<void(core::Index slot)> take;
        FunctionRef<void(core::Index slot, int thread)> transform;
        FunctionRef<void(core::Index slot)> put;
        FunctionRef<void(core::Index slot)> end_group;
    };

    PipelineEngine(PipelineLimits limits, Delivery delivery);
    ~PipelineEngine();
    PipelineFigures run(Team& team, Calls calls);

private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace detail

/// A sequential source, a parallel transform, and a sequential sink, with a bound on all that is in
/// between: read chunks in order, decode them on all cores, use them in order.
///
///     offer/take (host) → transform (any thread of the team) → put (host)
///
/// - source.offer(may_wait): what comes next; source.take(item): fills @p item with it, once there
///   is room. For a group's end too: the item can carry the group's data.
/// - transform(item, thread): several at a time, `thread` 0 .. team.size()-1 for per-thread tools.
/// - sink.put(item), and sink.end_group(item) if it has one, after all items of the group.
///
/// Host means the thread that calls run(): source and sink never run at the same time, so both may
/// use HDF5. It takes whatever there is room for, then delivers, then transforms; it waits only for
/// a transform that another thread is in. A source that has to wait for something else than the
/// pipeline (a ring) says `later` unless `may_wait`, which is given only when nothing is in flight.
///
/// Items live in `items` slots and are used again as they are: what an item allocated, it keeps
/// until the pipeline is destroyed. Whoever counts bytes counts that, or moves buffers of a pool in
/// and out.
///
/// The first error of any part cancels what has not begun; it is thrown by run() after every thread
/// has returned. Items in flight stay in their slots. The pipeline can be run again.
///
/// No deadlock, for any limits and any team, nested or not: the host waits only when some thread is
/// inside a transform; that one, once it is done, is either the next to be delivered or frees
/// another thread for an item before it, which was begun earlier or is not begun and then the host
/// would begin it. A team that is granted fewer threads, even one, only has fewer of them.
///
/// One thread, the host, uses the object.
template <typename Item>
class Pipeline {
public:
    /// @param team must outlive it. @param limits items at least 1.
    Pipeline(Team& team, PipelineLimits limits, Delivery delivery = Delivery::in_source_order)
        : team_(&team), items_(static_cast<std::size_t>(limits.items)), engine_(limits, delivery) {}

    /// Until the source ends and everything is delivered.
    /// @throws the first error of source, transform or sink; core::Error for an item that is larger
    /// than the limit.
    template <PipelineSource<Item> Source, std::invocable<Item&, int> Transform,
              PipelineSink<Item> Sink>
    PipelineFigures run(Source&& source, Transform&& transform, Sink&& sink) {
        const auto offer = [&](bool may_wait) { return source.offer(may_wait); };
        const auto take = [&](core::Index slot) { source.take(item(slot)); };
        const auto work = [&](core::Index slot, int thread) { transform(item(slot), thread); };
        const auto put = [&](core::Index slot) { sink.put(item(slot)); };
        const auto end_group = [&](core::Index slot) {
            if constexpr (GroupSink<Sink, Item>) sink.end_group(item(slot));
        };
        return engine_.run(*team_, {offer, take, work, put, end_group});
    }

private:
    Item& item(core::Index slot) { return items_[static_cast<std::size_t>(slot)]; }

    Team* team_;
    std::vector<Item> items_;
    detail::PipelineEngine engine_;
};

} // namespace morphogen::parallel
