#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/parallel/pipeline.hpp"
#include "morphogen/rework/ordered_reader.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace morphogen::rework {

/// What a reduce puts out: any number of results, each of which says itself where it goes.
template <typename Result>
class Results {
public:
    explicit Results(std::deque<Result>& queue) : queue_(&queue) {}
    void add(Result result) { queue_->push_back(std::move(result)); }

private:
    std::deque<Result>* queue_;
};

struct GroupFigures {
    core::Index files = 0;  // mapped
    core::Index failed = 0; // handed to failed()
    core::Index groups = 0;
    core::Index results = 0;
    double wait_s = 0.0; // of the host, for threads that were still working
    io::QueueStatistics reading;
};

/// Files in groups → a map per file → a reduce per group → a map per result, in bounded memory:
///
///     read ahead → open (host) → map (any thread) → reduce (host) → finish (any thread) → put
///     (host)
///
/// Every read of a group is complete before those of the next are used, which are under way by
/// then. reduce() and put() see files and results in order, whatever the disk and the threads do.
/// Host is the thread that calls run(): open, reduce and put may use HDF5.
///
/// A Job has the types Value (of a file) and Result, and
///
///     void map(ReadFile&, Value&, int thread)
///     void reduce(std::uint64_t number, Value&, Results<Result>&)
///     void put(Result&)
///
/// and any of
///
///     bool ready(std::uint64_t number)         whether file `number` may begin; false only while
///                                              results are on their way to put()
///     void begin(std::uint64_t number, Value&) first of all, for each file, read or not
///     void open(ReadFile&, Value&)             before map
///     void end_group(std::uint64_t tag, Results<Result>&)
///     void finish(Result&, int thread)
///     void failed(ReadFile&, const core::Error&, Value&, Results<Result>&)
///                                              instead of reduce, for a file that could not be
///                                              read, opened or mapped; without it, and by what it
///                                              throws, such a file ends the conversion
///
/// Held at once: the pool's bytes, `in_flight` Values and Results, and the Results that those
/// `in_flight` files have made. Values are used again as they are.
template <typename Job>
class GroupConversion {
public:
    using Value = typename Job::Value;
    using Result = typename Job::Result;

    struct Options {
        core::Index in_flight = 1; // files and results between read and put, at least 1
        io::QueueOptions reading = {};
    };

    /// @param team must outlive it.
    GroupConversion(parallel::Team& team, io::BufferPool pool, Options options)
        : team_(&team), pool_(std::move(pool)), options_(options) {}

    /// @throws the first error of any part; nothing runs any more then.
    GroupFigures run(FileSource files, Job& job) {
        // After the conversion's items are gone no buffer is out: the reader can always end.
        OrderedReader reader(pool_, std::move(files), options_.reading);
        Stages stages{job, reader, {}, {}, {}, 0};
        parallel::Pipeline<Item> pipeline(*team_, {.items = options_.in_flight});
        const auto transform = [&](Item& item, int thread) { stages.transform(item, thread); };
        const auto figures = pipeline.run(stages, transform, stages);
        stages.figures.wait_s = figures.wait_s;
        stages.figures.reading = reader.statistics();
        return stages.figures;
    }

private:
    struct Item {
        ReadFile file;
        Value value{};
        std::optional<Result> result;
        io::EndOfGroup group_end;
    };

    struct Stages {
        Job& job;
        OrderedReader& reader;
        std::optional<OrderedEvent> next;
        std::deque<Result> results;
        GroupFigures figures;
        std::uint64_t number; // of the next file

        /// Results go first: they are what memory waits for.
        parallel::Offer offer(bool may_wait) {
            if (!results.empty()) return parallel::Offer::item();
            if (!next) next = reader.next(may_wait);
            if (!next) return may_wait ? parallel::Offer::end() : parallel::Offer::later();
            if (std::holds_alternative<io::EndOfGroup>(*next)) return parallel::Offer::group_end();
            return is_ready() ? parallel::Offer::item() : parallel::Offer::later();
        }

        bool is_ready() {
            if constexpr (requires { job.ready(number); }) return job.ready(number);
            return true;
        }

        void take(Item& item) {
            item.result.reset();
            if (!results.empty()) {
                item.result.emplace(std::move(results.front()));
                results.pop_front();
                return;
            }
            OrderedEvent event = std::move(*next);
            next.reset();
            if (auto* end = std::get_if<io::EndOfGroup>(&event)) {
                item.group_end = *end;
                return;
            }
            item.file = std::get<ReadFile>(std::move(event));
            number = item.file.number + 1;
            if constexpr (requires { job.begin(number, item.value); })
                job.begin(item.file.number, item.value);
            if constexpr (requires { job.open(item.file, item.value); })
                attempt(item, [&] { job.open(item.file, item.value); });
        }

        void transform(Item& item, int thread) {
            if (item.result) {
                if constexpr (requires { job.finish(*item.result, thread); })
                    job.finish(*item.result, thread);
                return;
            }
            attempt(item, [&] { job.map(item.file, item.value, thread); });
            item.file.bytes.release();
        }

        /// What a file brings is told in its turn, not when it happens.
        template <typename Part>
        static void attempt(Item& item, Part&& part) {
            if (item.file.error) return;
            try {
                part();
            } catch (const core::Error& error) {
                item.file.error = error;
            }
        }

        void put(Item& item) {
            if (item.result) {
                job.put(*item.result);
                ++figures.results;
                return;
            }
            Results<Result> out(results);
            if (!item.file.error) {
                job.reduce(item.file.number, item.value, out);
                ++figures.files;
                return;
            }
            const core::Error error = *item.file.error;
            if constexpr (requires { job.failed(item.file, error, item.value, out); })
                job.failed(item.file, error, item.value, out);
            else
                throw core::Error(error);
            ++figures.failed;
        }

        void end_group(Item& item) {
            Results<Result> out(results);
            if constexpr (requires { job.end_group(item.group_end.tag, out); })
                job.end_group(item.group_end.tag, out);
            ++figures.groups;
        }
    };

    parallel::Team* team_;
    io::BufferPool pool_;
    Options options_;
};

} // namespace morphogen::rework
