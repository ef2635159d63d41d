#include "morphogen/io/range_reader.hpp"

#include "support.hpp"

#include <chrono>
#include <thread>
#include <vector>

using namespace morphogen;
using io::EndOfGroup;
using io::Range;
using io::RangeRead;
using io::RangeReader;
using io::ReadRequest;
using test::Watchdog;
using namespace std::chrono_literals;

TEST_CASE("a reader can be closed or destroyed at any moment") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 1 << 20);
    for (const io::Backend backend : test::backends()) {
        const std::size_t before = test::open_descriptors();
        test::repeat_for(400ms, [&](unsigned seed) {
            const Watchdog watchdog("close at any moment");
            test::Jitter random(seed);
            io::BufferPool pool(300'000);
            std::vector<io::ReadEvent> kept;
            {
                const auto source = [&]() -> std::optional<std::variant<ReadRequest, EndOfGroup>> {
                    return ReadRequest{path, {Range{0, 100'000}, Range{5, 1000}, Range{1 << 30}}};
                };
                RangeReader reader(pool, source, {.backend = backend});
                for (unsigned i = random.below(3); i > 0; --i)
                    kept.push_back(std::move(*reader.next()));
                if (random.below(2) != 0) {
                    reader.close();
                    CHECK_FALSE(reader.next());
                }
            }
            kept.clear();
            CHECK(pool.statistics().out == 0);
        });
        CHECK(test::open_descriptors() == before);
    }
}

TEST_CASE("close() ends a next() that waits on another thread") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 100);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("close while waiting");
        io::BufferPool pool(100);
        RangeReader reader(pool, test::source_of({ReadRequest{path}, ReadRequest{path}}),
                           {.backend = backend});
        const auto first = reader.next(); // holds every byte
        std::thread closer([&] {
            std::this_thread::sleep_for(20ms);
            reader.close();
        });
        CHECK_FALSE(reader.next());
        closer.join();
        CHECK(test::holds(std::get<RangeRead>(*first).bytes.span(), 1, 0));
    }
}
