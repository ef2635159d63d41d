#include "morphogen/parallel/error_collector.hpp"

#include "catch.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using morphogen::parallel::ErrorCollector;

TEST_CASE("the first exception wins and the collector is empty afterwards") {
    ErrorCollector errors;
    CHECK_FALSE(errors.failed());
    CHECK_NOTHROW(errors.rethrow_if_any());
    CHECK(errors.run([] {}));
    CHECK_FALSE(errors.failed());
    CHECK_FALSE(errors.run([] { throw std::runtime_error("first"); }));
    CHECK_FALSE(errors.run([] { throw std::logic_error("second"); }));
    CHECK(errors.failed());
    CHECK_THROWS_WITH(errors.rethrow_if_any(), "first");
    CHECK_FALSE(errors.failed());
    CHECK_NOTHROW(errors.rethrow_if_any());
    errors.run([] { throw 3; }); // not even a std::exception
    CHECK_THROWS_AS(errors.rethrow_if_any(), int);
}

TEST_CASE("of many threads that fail one error is kept whole") {
    for (int round = 0; round < 50; ++round) {
        ErrorCollector errors;
        std::atomic<int> ready{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&errors, &ready, t] {
                ++ready;
                while (ready < 4)
                    std::this_thread::yield();
                errors.run([t] { throw std::runtime_error("thread " + std::to_string(t)); });
            });
        for (auto& thread : threads)
            thread.join();
        try {
            errors.rethrow_if_any();
            FAIL("nothing was kept");
        } catch (const std::runtime_error& e) {
            CHECK(std::string(e.what()).substr(0, 7) == "thread ");
        }
    }
}
