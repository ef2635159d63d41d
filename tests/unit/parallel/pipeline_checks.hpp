#pragma once

#include "morphogen/parallel/pipeline.hpp"

#include "error_of.hpp"
#include "watchdog.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace morphogen::test {

/// A numbered item that knows where it has been.
struct Parcel {
    core::Index number = -1; // of the item; for a group's end: of the group
    std::uint64_t bytes = 0;
    int transforms = 0;
};

/// What a run of a pipeline is asked to do, and where it goes wrong.
struct PipelinePlan {
    core::Index items = 0;
    core::Index group = 0;      // items per group; 0: no groups
    core::Index later_each = 0; // the source says `later` before every so many offers; 0: never
    std::vector<std::uint64_t> bytes{1}; // of the items, in turn
    core::Index bad_offer = -1;
    core::Index bad_take = -1;
    core::Index bad_transform = -1;
    core::Index bad_put = -1;
    core::Index bad_group = -1;
    unsigned jitter = 0; // seed; 0: no delays

    bool fails() const {
        return bad_offer >= 0 || bad_take >= 0 || bad_transform >= 0 || bad_put >= 0 ||
               bad_group >= 0;
    }
};

/// Source, transform and sink in one, which check all that a pipeline promises: who is called
/// where, in which order, how often, and how much is in flight.
class PipelineProbe {
public:
    PipelineProbe(const PipelinePlan& plan, parallel::PipelineLimits limits,
                  parallel::Delivery delivery, int threads)
        : plan_(plan), limits_(limits), delivery_(delivery), threads_(threads),
          delivered_(static_cast<std::size_t>(plan.items)) {}

    // The source.
    parallel::Offer offer(bool may_wait) {
        on_host();
        delay(next_);
        if (may_wait) expect(in_flight_ == 0, "may_wait with items in flight");
        if (plan_.later_each > 0 && !may_wait && ++offers_ % plan_.later_each == 0)
            return parallel::Offer::later();
        if (next_ == plan_.bad_offer) throw std::runtime_error("offer");
        if (group_due()) return parallel::Offer::group_end();
        if (next_ == plan_.items) return parallel::Offer::end();
        return parallel::Offer::item(bytes_of(next_));
    }
    void take(Parcel& parcel) {
        on_host();
        if (next_ == plan_.bad_take) throw std::runtime_error("take");
        if (group_due()) {
            parcel = {.number = groups_taken_++};
            return;
        }
        parcel = {.number = next_, .bytes = bytes_of(next_)};
        ++next_;
        expect(++in_flight_ <= limits_.items, "too many items");
        expect((bytes_ += parcel.bytes) <= limits_.bytes, "too many bytes");
    }

    void transform(Parcel& parcel, int thread) {
        expect(thread >= 0 && thread < threads_, "thread number");
        delay(parcel.number * 7);
        if (parcel.number == plan_.bad_transform) throw std::runtime_error("transform");
        ++parcel.transforms;
    }

    // The sink.
    void put(Parcel& parcel) {
        on_host();
        delay(parcel.number * 13);
        expect(parcel.transforms == 1, "transformed once before it is delivered");
        expect(!delivered_[static_cast<std::size_t>(parcel.number)], "delivered once");
        delivered_[static_cast<std::size_t>(parcel.number)] = true;
        if (delivery_ == parallel::Delivery::in_source_order)
            expect(parcel.number == puts_, "source order");
        if (plan_.group > 0)
            expect(parcel.number / plan_.group == groups_ended_, "groups in order");
        ++puts_;
        --in_flight_;
        bytes_ -= parcel.bytes;
        if (parcel.number == plan_.bad_put) throw std::runtime_error("put");
    }
    void end_group(Parcel& parcel) {
        on_host();
        expect(parcel.number == groups_ended_, "group's number");
        ++groups_ended_;
        expect(puts_ == std::min(plan_.items, groups_ended_ * plan_.group),
               "all items before their group's end");
        if (parcel.number == plan_.bad_group) throw std::runtime_error("group");
    }

    core::Index puts() const { return puts_; }
    core::Index groups() const { return groups_ended_; }
    /// What went wrong first; empty if nothing.
    std::string wrong() const {
        const std::lock_guard lock(mutex_);
        return wrong_;
    }

private:
    std::uint64_t bytes_of(core::Index item) const {
        return plan_.bytes[static_cast<std::size_t>(item) % plan_.bytes.size()];
    }
    bool group_due() const {
        if (plan_.group == 0) return false;
        const core::Index full = next_ / plan_.group;
        const bool last = next_ == plan_.items && next_ % plan_.group != 0;
        return groups_taken_ < full + (last ? 1 : 0);
    }
    void on_host() { expect(std::this_thread::get_id() == host_, "on the host"); }
    void delay(core::Index salt) const {
        if (plan_.jitter != 0) Jitter(plan_.jitter + static_cast<unsigned>(salt))();
    }
    void expect(bool holds, const char* what) {
        if (holds) return;
        const std::lock_guard lock(mutex_);
        if (wrong_.empty()) wrong_ = what;
    }

    const PipelinePlan plan_;
    const parallel::PipelineLimits limits_;
    const parallel::Delivery delivery_;
    const int threads_;
    const std::thread::id host_ = std::this_thread::get_id();

    core::Index next_ = 0; // item to be taken
    core::Index offers_ = 0;
    core::Index groups_taken_ = 0;
    core::Index in_flight_ = 0;
    std::uint64_t bytes_ = 0; // in flight
    std::vector<bool> delivered_;
    core::Index puts_ = 0;
    core::Index groups_ended_ = 0;

    mutable std::mutex mutex_;
    std::string wrong_;
};

/// Runs it; the text of the error that came out, empty if none.
inline std::string run_pipeline(parallel::Pipeline<Parcel>& pipeline, PipelineProbe& probe,
                                parallel::PipelineFigures* figures = nullptr) {
    return error_of([&] {
        const auto seen = pipeline.run(
            probe, [&](Parcel& parcel, int thread) { probe.transform(parcel, thread); }, probe);
        if (figures != nullptr) *figures = seen;
    });
}

} // namespace morphogen::test
