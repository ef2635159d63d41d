#include "morphogen/io/queue.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/io/range_reader.hpp"

#include "support.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>

using namespace morphogen;
using namespace std::chrono_literals;

namespace {

/// From here on the calling thread's io_uring_setup fails with @p code, as in many containers.
bool forbid_io_uring(int code) {
    sock_filter program[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, __NR_io_uring_setup},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<unsigned>(code)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    const sock_fprog filter{std::size(program), program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

} // namespace

TEST_CASE("where the kernel refuses io_uring, threads read, and the report says why") {
    const test::Watchdog watchdog("refused io_uring");
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 100);
    for (const int code : {EPERM, ENOSYS}) {
        bool forbidden = false;
        bool available = true;
        std::size_t length = 0;
        std::string demanded;
        io::QueueStatistics statistics;
        std::thread([&] { // the filter is this thread's alone
            if (!(forbidden = forbid_io_uring(code))) return;
            available = io::io_uring_available();
            io::RangeReader reader(io::BufferPool(1000), test::source_of({io::ReadRequest{path}}));
            length = std::get<io::RangeRead>(*reader.next()).bytes.size();
            statistics = reader.statistics();
            try {
                const io::RangeReader refused(io::BufferPool(1000), test::source_of({}),
                                              {.backend = io::Backend::io_uring});
            } catch (const core::Error& error) {
                demanded = error.what();
            }
        })
            .join();
        if (!forbidden) {
            WARN("skipped: no seccomp filter is possible here");
            return;
        }
        CHECK_FALSE(available);
        CHECK(length == 100);
        CHECK(statistics.backend == io::Backend::thread_pool);
        CHECK_THAT(statistics.fallback, Catch::Contains(core::errno_text(code)));
        CHECK_THAT(demanded,
                   Catch::Contains("io_uring is not available: " + core::errno_text(code)));
    }
}

TEST_CASE("options out of range are refused") {
    for (const io::QueueOptions& options :
         {io::QueueOptions{.depth = 0}, {.depth = 1 << 20}, {.open_files = 0}, {.open_files = -1}})
        CHECK_THROWS_AS(io::RangeReader(io::BufferPool(1), test::source_of({}), options),
                        core::UsageError);
}

TEST_CASE("a queue is kept full to its depth, and no fuller") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 1 << 20);
    for (const io::Backend backend : test::backends()) {
        const test::Watchdog watchdog("depth");
        for (const int depth : {1, 3, 20}) {
            io::ReadRequest request{path, std::vector<io::Range>(500, io::Range{0, 50'000})};
            io::RangeReader reader(io::BufferPool(100 << 16), test::source_of({request}),
                                   {.backend = backend, .depth = depth});
            int count = 0;
            while (reader.next())
                ++count;
            CHECK(count == 500);
            CHECK(reader.statistics().depth == depth);
            CHECK(reader.statistics().max_in_flight == depth);
            CHECK(reader.statistics().mean_in_flight <= depth);
            CHECK(reader.statistics().bytes == 500 * 50'000);
        }
    }
}
