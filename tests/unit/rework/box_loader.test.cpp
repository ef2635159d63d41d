#include "morphogen/rework/box_loader.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5_lock.hpp"
#include "morphogen/store/reader.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "support.hpp"
#include "temporary_directory.hpp"
#include "watchdog.hpp"

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace morphogen;
using core::Dims;
using core::Index;
using core::NdBox;
using rework::BoxLoader;
using store::DatasetReader;
using test::open;

namespace {

std::filesystem::path write(const test::TemporaryDirectory& directory, hid_t type = H5T_IEEE_F32LE,
                            std::size_t element = 4) {
    return test::write_samples(
        directory / "data.h5",
        {{.shape = {40, 30, 50},
          .chunk = {3, 10, 12},
          .type = type,
          .filters = codec::hdf5_filters(
              {.codec = codec::parse_codec("deflate:1"), .element_size = element})}});
}

/// Everything that a loader returns, box after box.
std::vector<float> all_values(BoxLoader& loader) {
    std::vector<float> values;
    for (const rework::LoadedBoxes& batch : loader)
        values.insert(values.end(), batch.values<float>().begin(), batch.values<float>().end());
    return values;
}

std::vector<float> plain(const DatasetReader& reader, const rework::BoxSequence& boxes) {
    std::vector<float> values;
    for (Index n = 0; const auto box = boxes(n); ++n) {
        std::vector<float> one(static_cast<std::size_t>(box->volume()));
        reader.read_plain(*box, std::as_writable_bytes(std::span(one)));
        values.insert(values.end(), one.begin(), one.end());
    }
    return values;
}

} // namespace

TEST_CASE("a loader returns the crops of its seed, whatever memory and threads") {
    const test::Watchdog dog("loader");
    const test::TemporaryDirectory directory;
    const auto reader = open(write(directory));
    const auto crops =
        rework::first_boxes(rework::random_boxes(reader->shape(), {4, 9, 17}, 3), 101);
    const std::vector<float> wanted = plain(*reader, crops);
    for (const std::uint64_t kib : {160U, 300U, 1000U, 65536U})
        for (const int threads : {1, 3})
            for (const Index together : {1, 7}) {
                CAPTURE(kib, threads, together);
                BoxLoader loader(*reader, crops,
                                 {.together = together, .threads = threads, .memory = kib << 10});
                CHECK(all_values(loader) == wanted);
                CHECK_FALSE(loader.next()); // ended it stays
            }
}

TEST_CASE("a loader returns batches with their numbers, the last one as long as it is") {
    const test::Watchdog dog("batches");
    const test::TemporaryDirectory directory;
    const auto reader = open(write(directory));
    BoxLoader loader(*reader, rework::windows(reader->shape(), 5, 3), {.together = 5});
    Index next = 0;
    for (const rework::LoadedBoxes& batch : loader) {
        CHECK(batch.first == next);
        next += static_cast<Index>(batch.boxes.size());
        CHECK(batch.boxes.size() == (batch.first < 10 ? 5 : 2));
        CHECK(batch.boxes.front() == *rework::windows(reader->shape(), 5, 3)(batch.first));
        CHECK(batch.values<float>().size() == batch.boxes.size() * 5 * 30 * 50);
        CHECK_THROWS_AS(batch.values<double>(), core::UsageError);
    }
    CHECK(next == 12); // of 40 frames
    BoxLoader none(*reader, rework::first_boxes(rework::windows(reader->shape(), 1, 1), 0));
    CHECK_FALSE(none.next());
}

TEST_CASE("big-endian numbers come in the machine's order") {
    const test::TemporaryDirectory directory;
    const auto reader = open(write(directory, H5T_STD_I16BE, 2));
    BoxLoader loader(*reader, rework::windows(reader->shape(), 40, 40));
    const auto all = loader.next();
    REQUIRE(all);
    const auto values = all->values<std::int16_t>();
    REQUIRE(values.size() == 40 * 30 * 50);
    for (std::size_t n = 0; n < values.size(); ++n)
        REQUIRE(values[n] ==
                static_cast<std::int16_t>(test::sample_element(static_cast<Index>(n))));
    std::vector<std::int16_t> own(2 * 3 * 4);
    rework::read_into(*reader, {{7, 20, 30}, {9, 23, 34}}, std::span(own));
    CHECK(own[1 + 4 * 2 + 12] == values[1 + 30 + 50 * (22 + 30 * 8)]);
}

namespace {

/// With a damaged chunk at (6, 0, 0).
std::filesystem::path write_damaged(const test::TemporaryDirectory& directory) {
    const auto path = write(directory);
    const haddr_t place = test::chunk_address(path, "data", {6, 0, 0});
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(place));
    file << std::string(64, '\xff');
    return path;
}

} // namespace

TEST_CASE("a box that cannot be read is an error in its turn and no other's") {
    const test::Watchdog dog("damaged");
    const test::TemporaryDirectory directory;
    const auto reader = open(write_damaged(directory));
    const auto frames = rework::windows(reader->shape(), 1, 1);
    const std::uint64_t kib = GENERATE(200U, 65536U); // the whole does not fit, or does
    BoxLoader loader(*reader, frames, {.threads = 2, .memory = kib << 10});
    for (Index n = 0; n < 40; ++n) {
        CAPTURE(kib, n);
        if (n < 6 || n > 8) {
            const auto frame = loader.next();
            REQUIRE(frame);
            CHECK(frame->first == n);
            continue;
        }
        try {
            loader.next();
            FAIL("no error");
        } catch (const core::Error& error) {
            CHECK_THAT(error.what(), Catch::Contains("data.h5, /data, chunk at (6, 0, 0)"));
        }
    }
    CHECK_FALSE(loader.next());
}

TEST_CASE("a damaged box is an error each time it is asked for, wherever in a batch it is") {
    const test::Watchdog dog("damaged again");
    const test::TemporaryDirectory directory;
    const auto reader = open(write_damaged(directory));
    const auto frames = rework::windows(reader->shape(), 1, 1);
    const std::uint64_t kib = GENERATE(200U, 65536U); // the whole does not fit, or does
    CAPTURE(kib);
    BoxLoader again(*reader, rework::first_boxes([&](Index) { return frames(7); }, 30),
                    {.threads = 2, .memory = kib << 10});
    for (int n = 0; n < 30; ++n)
        CHECK_THROWS_WITH(again.next(), Catch::Contains("chunk at (6, 0, 0)"));
    CHECK_FALSE(again.next());
    BoxLoader batches(*reader, frames, {.together = 4, .threads = 2, .memory = kib << 11});
    CHECK(batches.next());
    for (const Index first : {4, 8}) { // frames 6 to 8 are damaged
        CAPTURE(first);
        CHECK_THROWS_WITH(batches.next(), Catch::Contains("chunk at (6, 0, 0)"));
    }
    CHECK(batches.next()->first == 12);
}

TEST_CASE("what a sequence throws comes after the boxes before it, and stays") {
    const test::Watchdog dog("sequence");
    const test::TemporaryDirectory directory;
    const auto reader = open(write(directory));
    const auto frames = rework::windows(reader->shape(), 1, 1);
    const auto failing = [&](Index n) {
        if (n == 5) throw core::Error("no sixth");
        return frames(n);
    };
    BoxLoader loader(*reader, failing);
    for (Index n = 0; n < 5; ++n)
        CHECK(loader.next()->first == n);
    for (int again = 0; again < 2; ++again)
        CHECK_THROWS_WITH(loader.next(), Catch::Contains("no sixth"));
    bool is_thrown = false;
    // In the middle of a load, of which the first has one box and the second four.
    BoxLoader once(*reader, [&](Index n) {
        if (n == 3 && !std::exchange(is_thrown, true)) throw core::Error("only once");
        return frames(n);
    });
    for (Index n = 0; n < 3; ++n)
        CHECK(once.next()->first == n);
    CHECK_THROWS_WITH(once.next(), Catch::Contains("only once"));
    BoxLoader outside(*reader, [&](Index n) {
        return std::optional(*frames(0) + Dims{n * 39, 0, n});
    });
    CHECK(outside.next());
    CHECK_THROWS_WITH(outside.next(), Catch::Contains("box 1 from [39, 0, 1]"));
    BoxLoader another(*reader, [&](Index n) {
        return std::optional(NdBox{{0, 0, 0}, {1, 30, 50 - n}});
    });
    CHECK(another.next());
    CHECK_THROWS_WITH(another.next(), Catch::Contains("the first one has another shape"));
}

TEST_CASE("a loader tells the least memory that would do, and what cannot be loaded") {
    const test::TemporaryDirectory directory;
    const auto reader = open(write(directory));
    const auto frames = rework::windows(reader->shape(), 1, 1);
    CHECK_THROWS_WITH(BoxLoader(*reader, frames, {.memory = 1000}),
                      Catch::Contains("is the least"));
    CHECK_THROWS_AS(BoxLoader(*reader, frames, {.together = 0}), core::UsageError);
    CHECK_THROWS_AS(rework::random_boxes(reader->shape(), {41, 1, 1}, 0), core::UsageError);
    CHECK_THROWS_AS(rework::random_boxes(reader->shape(), {1, 1}, 0), core::UsageError);
    CHECK_THROWS_AS(rework::windows(reader->shape(), 0, 1), core::UsageError);
    std::vector<float> array(7);
    const NdBox box{{0, 0, 0}, {1, 1, 7}};
    CHECK_NOTHROW(rework::read_into(*reader, box, std::span(array)));
    std::vector<double> wide(7);
    CHECK_THROWS_WITH(rework::read_into(*reader, box, std::span(wide)),
                      Catch::Contains("float32") && Catch::Contains("float64"));
    CHECK_THROWS_WITH(rework::read_into(*reader, box, std::span(array).first(6)),
                      Catch::Contains("7 elements, the array 6"));
    CHECK_THROWS_WITH(rework::read_into(*reader, box + Dims{40, 0, 0}, std::span(array)),
                      Catch::Contains("not inside"));
}

TEST_CASE("a loader that goes early joins its thread, wherever it is") {
    const test::Watchdog dog("going");
    const test::TemporaryDirectory directory;
    const auto reader = open(write(directory));
    const auto crops = rework::random_boxes(reader->shape(), {4, 9, 17}, 3); // endless
    for (int taken = 0; taken < 12; ++taken) {
        BoxLoader loader(*reader, crops, {.together = 3, .threads = 2, .memory = 1 << 20});
        for (int i = 0; i < taken; ++i)
            CHECK(loader.next());
    }
}

TEST_CASE("a thread that holds the lock keeps loaders out of HDF5, and is let in soon") {
    const test::Watchdog dog("lock");
    const test::TemporaryDirectory directory;
    const auto reader = open(write(directory));
    const auto crops = rework::random_boxes(reader->shape(), {4, 9, 17}, 3);
    BoxLoader one(*reader, crops, {.memory = 1 << 20});
    BoxLoader two(*reader, crops, {.memory = 1 << 20});
    for (int i = 0; i < 200; ++i) {
        const auto a = one.next();
        const auto b = two.next();
        const std::vector<float> loaded(a->values<float>().begin(), a->values<float>().end());
        CHECK(std::equal(loaded.begin(), loaded.end(), b->values<float>().begin()));
        const store::Hdf5Lock outer;
        const store::Hdf5Lock inner; // may be held twice
        std::vector<float> here(loaded.size());
        reader->read_plain(a->boxes.front(), std::as_writable_bytes(std::span(here)));
        CHECK(here == loaded);
    }
}
