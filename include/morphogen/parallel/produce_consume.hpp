#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/team.hpp"

namespace morphogen::parallel {

/// Produces @p n items on all threads of @p team and consumes them, one at a time, on the calling
/// thread only: compress chunks in parallel, hand each to the one thread that may touch the file.
///
/// - produce(item, thread, slot): any item 0 .. n-1 once, begun in rising order, on any thread of
/// the team, several at a
///   time. `slot`, 0 .. slots-1, is the item's alone (its output buffer) from then until its
///   consume returned.
/// - consume(item, slot): only on the calling thread, once per item, in the order in which they
/// were completed, as soon
///   as that thread is free. It produces too when there is nothing to consume.
///
/// At most @p slots items are begun and not yet consumed: this bounds memory. A team of 1
/// alternates produce and consume. Any n >= 0 and slots >= 1. Nothing is allocated once a call with
/// as many slots was made by this team.
///
/// The first error of either cancels what has not begun, and is thrown after every thread has
/// returned; items completed meanwhile are not consumed.
///
/// Why not OpenMP tasks: a thread that has no slot must wait. libgomp's taskyield does nothing, and
/// a task that blocks holds its thread, which may be the one that has to consume: deadlock. So this
/// is one parallel region in which each thread takes the next item from a counter, and whoever
/// waits, waits outside any task: a producer for a slot, which the host frees; the host for a
/// completed item, which a producer delivers. The host waits only when it can neither consume nor
/// produce, and then some producer is between its two locks: no cycle.
void produce_consume(Team& team, core::Index n, core::Index slots,
                     FunctionRef<void(core::Index item, int thread, core::Index slot)> produce,
                     FunctionRef<void(core::Index item, core::Index slot)> consume);

} // namespace morphogen::parallel
