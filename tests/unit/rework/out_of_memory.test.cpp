// Each job of the engine with a failing allocation at every place: it ends with an error, leaves
// no file, no thread and no memory, and the next one works. C++'s allocations only: HDF5 1.10 does
// not survive its own. Replaces the program's operator new, of which sanitizers have their own.
#if !MORPHOGEN_TEST_SANITIZED

#    include "morphogen/core/error.hpp"
#    include "morphogen/rework/box_loader.hpp"
#    include "morphogen/rework/crops.hpp"
#    include "morphogen/rework/diff.hpp"
#    include "morphogen/rework/gather.hpp"
#    include "morphogen/rework/read_into.hpp"
#    include "morphogen/rework/rechunk.hpp"
#    include "morphogen/rework/render.hpp"
#    include "morphogen/rework/series.hpp"
#    include "morphogen/rework/stats.hpp"
#    include "morphogen/rework/verify.hpp"
#    include "morphogen/store/new_file.hpp"

#    include "catch.hpp"
#    include "hdf5_samples.hpp"
#    include "temporary_directory.hpp"
#    include "watchdog.hpp"

#    include <atomic>
#    include <chrono>
#    include <cstddef>
#    include <cstdlib>
#    include <filesystem>
#    include <functional>
#    include <memory>
#    include <new>
#    include <thread>

using namespace morphogen;
using core::Index;

namespace {

std::atomic<long> allocations{0};
std::atomic<long> live{0};      // allocations that were not freed
std::atomic<long> fails_at{-1}; // the number of the one that fails

void* allocate(std::size_t size, std::size_t alignment) {
    if (allocations++ == fails_at) throw std::bad_alloc();
    void* const p =
        alignment <= alignof(std::max_align_t)
            ? std::malloc(size)
            : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (p == nullptr) throw std::bad_alloc();
    ++live;
    return p;
}

void release(void* p) noexcept {
    if (p != nullptr) --live;
    std::free(p);
}

/// Threads of this process, also OpenMP's, which stay for the next region.
std::ptrdiff_t threads_now() {
    using std::filesystem::directory_iterator;
    return std::distance(directory_iterator("/proc/self/task"), directory_iterator());
}

/// Not more than @p before, soon: the system may list one that was joined a little longer.
bool threads_are_back(std::ptrdiff_t before) {
    for (int i = 0; i < 1000 && threads_now() > before; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return threads_now() <= before;
}

struct Fixture {
    test::TemporaryDirectory directory;
    std::filesystem::path in = directory / "in.h5";
    std::filesystem::path out = directory / "out.h5";
    rework::ReworkBudget budget{.threads = 2, .memory = std::uint64_t{1} << 24};

    Fixture() {
        const auto filters = codec::hdf5_filters({.element_size = 4});
        test::write_samples(
            in, {{.name = "v", .shape = {6, 12, 16}, .chunk = {2, 6, 8}, .filters = filters}});
        for (int i = 0; i < 5; ++i)
            test::write_samples(
                directory / ("part" + std::to_string(i) + ".h5"),
                {{.name = "v", .shape = {12, 16}, .chunk = {6, 8}, .filters = filters}});
    }

    std::unique_ptr<store::DatasetReader> open() const { return rework::open_dataset(in, "v"); }

    /// Half a file, or a whole one that the job does not answer for.
    bool left_over(bool whole_may_stay) const {
        return std::filesystem::exists(store::unfinished_path(out)) ||
               (!whole_may_stay && std::filesystem::exists(out));
    }

    struct Ending {
        bool failed = false;
        long kept = 0; // allocations
        hssize_t handles = 0;
        bool threads_are_back = false;
    };
    /// Runs @p job; its allocation number @p n fails, or none if that is negative.
    static Ending run(const std::function<void()>& job, long n) {
        Ending ending;
        const long before = live;
        const auto threads = threads_now();
        const hssize_t handles = H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL);
        fails_at = n < 0 ? -1 : allocations + n;
        try {
            job();
        } catch (const std::exception&) { // core::Error or bad_alloc: main tells of both
            ending.failed = true;
        }
        fails_at = -1;
        ending.kept = live - before;
        ending.handles = H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) - handles;
        ending.threads_are_back = threads_are_back(threads);
        return ending;
    }

    /// Fails at about @p places of all places of @p job.
    void at_every_place(const std::function<void()>& job, bool whole_may_stay = false) {
        constexpr long places = 120;
        job(); // what is made once and kept
        std::filesystem::remove(out);
        const long before = allocations;
        job();
        const long all = allocations - before;
        std::filesystem::remove(out);
        REQUIRE(all > 10);
        for (long n = 0; n < all; n += std::max(all / places, 1L)) {
            const auto began = std::chrono::steady_clock::now();
            const Ending ending = run(job, n);
            const auto took = std::chrono::steady_clock::now() - began;
            CAPTURE(n, all);
            CHECK(took < std::chrono::seconds(5));
            if (ending.failed) CHECK_FALSE(left_over(whole_may_stay)); // else it could do without
            CHECK(ending.kept == 0);
            CHECK(ending.handles == 0);
            CHECK(ending.threads_are_back);
            std::filesystem::remove(out);
        }
        CHECK_FALSE(run(job, -1).failed); // and it still works
        std::filesystem::remove(out);
    }
};

} // namespace

void* operator new(std::size_t size) {
    return allocate(size, 0);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept {
    release(p);
}
void operator delete(void* p, std::size_t) noexcept {
    release(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
    release(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    release(p);
}

TEST_CASE("out of memory: rechunk") {
    const test::Watchdog dog("rechunk", std::chrono::seconds(100));
    Fixture f;
    const bool contiguous = GENERATE(false, true);
    f.at_every_place([&] {
        rework::RechunkOptions options{.chunks = {6, 5, 4}, .contiguous = contiguous};
        options.threads = f.budget.threads;
        options.memory = f.budget.memory;
        rework::rechunk(f.in, f.out, options);
    });
}

TEST_CASE("out of memory: gather") {
    const test::Watchdog dog("gather", std::chrono::seconds(100));
    Fixture f;
    const auto reduction = GENERATE(rework::Reduction::stack, rework::Reduction::mean);
    const auto backend = GENERATE(io::Backend::io_uring, io::Backend::thread_pool);
    f.at_every_place([&] {
        rework::FileList files;
        for (int i = 0; i < 5; ++i)
            files.add((f.directory / ("part" + std::to_string(i) + ".h5")).native());
        rework::GatherOptions options{.output = f.out};
        options.chunks = {1, 6, 8};
        if (reduction == rework::Reduction::mean) {
            options.reduction = reduction;
            options.chunks.clear();
            options.group_size = 2;
        }
        options.memory = f.budget.memory;
        options.threads = f.budget.threads;
        options.reading.backend = backend;
        rework::gather(files, options);
    });
}

TEST_CASE("out of memory: crops and series") {
    const test::Watchdog dog("crops", std::chrono::seconds(100));
    Fixture f;
    f.at_every_place([&] {
        rework::write_crops(*f.open(), f.out,
                            {.shape = {2, 4, 4}, .count = 12, .budget = f.budget});
    });
    for (const char* name : {"out.h5", "out.csv"}) {
        f.out = f.directory / name;
        f.at_every_place([&] {
            rework::write_series(*f.open(),
                                 {.points = {{3, 4}, {10, 15}}, .out = f.out, .budget = f.budget});
        });
    }
}

TEST_CASE("out of memory: stats") {
    const test::Watchdog dog("stats", std::chrono::seconds(100));
    Fixture f;
    f.at_every_place([&] {
        rework::compute_stats(*f.open(), {.bins = 8, .modes = 3, .out = f.out, .budget = f.budget});
    });
}

TEST_CASE("out of memory: render") {
    const test::Watchdog dog("render", std::chrono::seconds(100));
    Fixture f;
    f.out = f.directory / "out.png";
    f.at_every_place(
        [&] {
            const auto frames = rework::open_frames(f.in, "v");
            rework::RenderOptions options{.output = f.out.native()};
            options.threads = f.budget.threads;
            options.memory = f.budget.memory;
            rework::render_frames(*frames, options);
        },
        true);
}

TEST_CASE("out of memory: verify and diff") {
    const test::Watchdog dog("verify", std::chrono::seconds(100));
    Fixture f;
    f.at_every_place([&] { rework::verify(f.in, f.budget, [](const std::string&) {}); });
    f.at_every_place([&] { rework::diff(f.in, f.in, {.budget = f.budget}); });
}

TEST_CASE("out of memory: the library's readers") {
    const test::Watchdog dog("readers", std::chrono::seconds(100));
    Fixture f;
    f.at_every_place([&] {
        const auto data = f.open();
        std::vector<float> values(6 * 12 * 16);
        rework::read_into(*data, core::NdBox::whole(data->shape()), std::span(values),
                          {.threads = 2, .memory = f.budget.memory});
    });
    f.at_every_place([&] {
        const auto data = f.open();
        rework::BoxLoader loader(
            *data, rework::first_boxes(rework::random_boxes(data->shape(), {2, 4, 4}, 1), 9),
            {.together = 3, .threads = 2, .memory = f.budget.memory});
        while (loader.next()) {
        }
    });
}

#endif
