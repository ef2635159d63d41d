// Random limits, depths, groups, delays, faults and moments of closing: every range comes back
// once, right or as a failure, in its group, and nothing is left behind.
#include "morphogen/io/range_reader.hpp"

#include "io/read_engine.hpp"
#include "support.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

using namespace morphogen;
using io::EndOfGroup;
using io::Range;
using io::RangeRead;
using io::ReadFailure;
using io::ReadRequest;
using namespace std::chrono_literals;

namespace {

/// Delays, failures and interruptions at random; short reads come from the files' own ends.
class RandomDisk final : public test::FaultyQueue {
public:
    RandomDisk(io::Backend backend, int depth, unsigned seed)
        : FaultyQueue(backend, depth), random_(seed) {}

    void after(io::Operation& op) override {
        random_();
        if (op.action != io::Action::read) return;
        const unsigned dice = random_.below(40);
        if (dice == 0) op.result = -EIO;
        if (dice == 1) op.result = -EINTR;
        if (dice == 2 && op.result > 1) op.result /= 2; // the other half is read again
    }

private:
    test::Jitter random_;
};

struct Job {
    std::vector<std::variant<ReadRequest, EndOfGroup>> items;
    std::vector<std::uint64_t> group_of; // by range tag
    std::vector<std::uint64_t> file_of;  // by range tag
};

Job make_job(test::Jitter& random, const std::vector<std::filesystem::path>& paths) {
    Job job;
    const unsigned groups = 1 + random.below(8);
    for (std::uint64_t group = 0; group < groups; ++group) {
        for (unsigned r = random.below(10); r > 0; --r) {
            const unsigned file = random.below(static_cast<unsigned>(paths.size()));
            ReadRequest request{paths[file], {}, group};
            for (unsigned n = random.below(8); n > 0; --n) {
                // Some of them end past the end: the files have 4,000 bytes.
                request.ranges.push_back(
                    {random.below(3900), random.below(400), job.group_of.size()});
                job.group_of.push_back(group);
                job.file_of.push_back(file);
            }
            job.items.emplace_back(std::move(request));
        }
        job.items.emplace_back(EndOfGroup{group});
    }
    return job;
}

/// What takers have seen; also lets buffers go later and on other threads than they came on.
class Seen {
public:
    explicit Seen(const Job& job) : job_(job), times_(job.group_of.size()) {}

    void take(io::ReadEvent&& event, test::Jitter& random) {
        const std::lock_guard lock(mutex_);
        if (auto* const read = std::get_if<RangeRead>(&event)) {
            ++times_.at(read->range_tag);
            good_ = good_ &&
                    test::holds(read->bytes.span(), job_.file_of[read->range_tag], read->offset);
            if (random.below(4) == 0) kept_.push_back(std::move(read->bytes));
        } else if (const auto* const failure = std::get_if<ReadFailure>(&event)) {
            ++times_.at(failure->range_tag.value());
        }
        if (random.below(4) == 0) kept_.clear();
    }
    /// Nobody may wait for the next result while holding bytes that it needs.
    void let_go() {
        const std::lock_guard lock(mutex_);
        kept_.clear();
    }

    bool good() const { return good_; }
    bool each_once() const {
        return std::all_of(times_.begin(), times_.end(), [](int times) { return times == 1; });
    }
    bool each_at_most_once() const {
        return std::all_of(times_.begin(), times_.end(), [](int times) { return times <= 1; });
    }

private:
    const Job& job_;
    std::mutex mutex_;
    std::vector<int> times_;
    std::deque<io::Buffer> kept_;
    bool good_ = true;
};

} // namespace

TEST_CASE("a reader under random limits, faults and moments of closing") {
    const test::TemporaryDirectory directory;
    std::vector<std::filesystem::path> paths;
    for (std::uint64_t i = 0; i < 10; ++i)
        paths.push_back(test::make_file(directory, i, 4000));
    for (const io::Backend backend : test::backends())
        test::repeat_for(1500ms, [&](unsigned seed) {
            const test::Watchdog watchdog("reader stress", 60s);
            test::Jitter random(seed);
            const Job job = make_job(random, paths);
            Seen seen(job);
            const io::QueueOptions options{.backend = backend,
                                           .depth = 1 + static_cast<int>(random.below(9)),
                                           .open_files = 1 + static_cast<int>(random.below(5))};
            io::BufferPool pool(448 + random.below(5000)); // the largest range needs 448
            const bool closes = random.below(3) == 0;
            {
                io::MadeQueue made{std::make_unique<RandomDisk>(backend, options.depth, seed)};
                io::ReadEngine engine(pool, test::source_of(job.items), options, std::move(made));
                std::vector<std::thread> takers;
                for (unsigned t = 0; t < 1 + seed % 3; ++t)
                    takers.emplace_back([&, t] {
                        test::Jitter mine(seed * 7 + t);
                        for (;;) {
                            seen.let_go();
                            auto event = engine.next();
                            if (!event) return;
                            seen.take(std::move(*event), mine);
                            mine();
                        }
                    });
                if (closes) {
                    std::this_thread::sleep_for(std::chrono::microseconds(random.below(3000)));
                    engine.close();
                }
                for (std::thread& taker : takers)
                    taker.join();
                CHECK(engine.statistics().max_in_flight <= options.depth);
            }
            seen.let_go();
            CHECK(seen.good());
            CHECK((closes ? seen.each_at_most_once() : seen.each_once()));
            CHECK(pool.statistics().out == 0);
            CHECK(pool.statistics().peak_held <= pool.limit());
        });
}
