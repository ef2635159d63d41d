// Several ranks write one file, and any of them fails at any place.

#include "rework/shared_output.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/messages.hpp"
#include "morphogen/store/new_file.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "shared_directory.hpp"
#include "watchdog.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace morphogen;
using core::Dims;
using core::Index;
using core::NdBox;
using mpi::Communicator;
using rework::ElementSink;
using rework::SharedOutput;

namespace {

constexpr Index chunks_of_each = 6; // of a rank, in each dataset
constexpr Index row = 16;

struct Job {
    const Communicator& ranks;
    std::filesystem::path path;
    /// Called at each place where something can go wrong, numbered from 0.
    std::function<void(int place)> at = [](int) {};
};

std::vector<std::int32_t> row_of(Index n) {
    std::vector<std::int32_t> values(row);
    std::iota(values.begin(), values.end(), static_cast<std::int32_t>(1000 * n));
    return values;
}

/// Two datasets, in chunks and in boxes: the ranks' rows in turn, so that each is ahead of others.
void work_of(const Job& job, SharedOutput& shared, const store::hdf5::File* out) {
    const int size = job.ranks.size();
    const Dims shape{chunks_of_each * size, row};
    if (out != nullptr)
        for (const bool chunked : {true, false}) {
            test::SampleDataset data{.name = chunked ? "chunks" : "boxes", .shape = shape};
            data.type = H5T_STD_I32LE;
            if (chunked) data.chunk = {1, row};
            test::write_sample(*out, data);
        }
    int place = 0;
    int number = 0;
    for (const std::string name : {"chunks", "boxes"}) {
        job.at(place++);
        std::optional<store::DatasetWriter> writer;
        if (out != nullptr) writer.emplace(*out, name);
        const auto sink = shared.sink(number++, writer ? &*writer : nullptr);
        for (Index i = 0; i < chunks_of_each; ++i) {
            if (i == chunks_of_each / 2) job.at(place++);
            const Index n = i * size + job.ranks.rank();
            const auto values = row_of(n);
            if (name == "chunks")
                sink->write_chunk({n, 0}, std::as_bytes(std::span(values)));
            else
                sink->write_box({{n, 0}, {n + 1, row}}, std::as_bytes(std::span(values)));
            sink->poll();
        }
        job.at(place++);
        sink->finish();
    }
    job.at(place);
}
constexpr int places = 7;

void write_shared(const Job& job) {
    SharedOutput shared(job.ranks);
    std::optional<store::NewFile> file;
    shared.run(
        [&] {
            if (!job.ranks.is_root()) return work_of(job, shared, nullptr);
            file.emplace(job.path, true);
            work_of(job, shared, &file->file());
        },
        [&] { file->close(); });
}

/// The error that came out, with its code, and that nothing is left of the file or under way.
std::string failure(const Job& job) {
    std::string text = "none";
    try {
        write_shared(job);
    } catch (const core::Error& error) { // of several ranks: agreed
        text = std::to_string(static_cast<int>(error.exit_code())) + " " + error.what();
    }
    job.ranks.barrier();
    if (mpi::probe(job.ranks, mpi::any_rank, mpi::any_tag)) text += ", messages are left";
    if (job.ranks.is_root())
        for (const auto& path : {job.path, store::unfinished_path(job.path)})
            if (std::filesystem::exists(path)) text += ", " + path.string() + " is left";
    job.ranks.barrier(); // until here nobody sends anything more
    return text;
}

std::vector<std::int32_t> read(const std::filesystem::path& path, const char* name) {
    namespace hdf5 = store::hdf5;
    const auto file = hdf5::open_file(path, hdf5::Mode::read);
    const auto data = hdf5::open_dataset(file.get(), name);
    const auto shape = hdf5::shape_of(data);
    std::vector<std::int32_t> values(static_cast<std::size_t>(shape.at(0) * shape.at(1)));
    const auto space = hdf5::simple_space(shape);
    hdf5::read(data, H5T_NATIVE_INT32, space, space, values.data());
    return values;
}

} // namespace

TEST_CASE("what every rank writes is in the one file") {
    const test::Watchdog dog("shared output", std::chrono::seconds(60));
    const Communicator world = Communicator::world();
    const test::SharedDirectory directory(world);
    const Job job{.ranks = world, .path = std::filesystem::path(directory.path()) / "out.h5"};
    write_shared(job);
    if (!world.is_root()) return;
    std::vector<std::int32_t> expected;
    for (Index n = 0; n < chunks_of_each * world.size(); ++n)
        for (const std::int32_t value : row_of(n))
            expected.push_back(value);
    CHECK(read(job.path, "chunks") == expected);
    CHECK(read(job.path, "boxes") == expected);
}

TEST_CASE("a box that is larger than a message arrives in pieces") {
    const test::Watchdog dog("large box", std::chrono::seconds(60));
    const Communicator world = Communicator::world();
    const test::SharedDirectory directory(world);
    const auto path = std::filesystem::path(directory.path()) / "out.h5";
    // One row of planes each; one plane is more than a message.
    const Index plane = static_cast<Index>(SharedOutput::box_bytes / sizeof(std::int32_t)) + 5;
    const Dims shape{world.size(), 3, plane};
    SharedOutput shared(world);
    const auto element = [](Index n) { return static_cast<std::int32_t>(n * 7); };
    shared.run([&] {
        std::optional<store::hdf5::File> file;
        std::optional<store::DatasetWriter> writer;
        if (world.is_root()) {
            file.emplace(store::hdf5::create_file(path, store::hdf5::file_creation(),
                                                  store::hdf5::file_access()));
            const std::vector<hsize_t> sizes(shape.begin(), shape.end());
            store::hdf5::create_dataset(file->get(), "data", H5T_STD_I32LE,
                                        store::hdf5::simple_space(sizes),
                                        store::hdf5::dataset_creation());
            writer.emplace(*file, "data");
        }
        const auto sink = shared.sink(0, writer ? &*writer : nullptr);
        std::vector<std::int32_t> mine(static_cast<std::size_t>(3 * plane));
        for (Index n = 0; n < 3 * plane; ++n)
            mine[static_cast<std::size_t>(n)] = element(world.rank() * 3 * plane + n);
        const Index r = world.rank();
        sink->write_box({{r, 0, 0}, {r + 1, 3, plane}}, std::as_bytes(std::span(mine)));
        sink->finish();
    });
    if (!world.is_root()) return;
    const auto file = store::hdf5::open_file(path, store::hdf5::Mode::read);
    const auto data = store::hdf5::open_dataset(file.get(), "data");
    std::vector<std::int32_t> values(static_cast<std::size_t>(core::volume(shape)));
    const auto space = store::hdf5::simple_space(store::hdf5::shape_of(data));
    store::hdf5::read(data, H5T_NATIVE_INT32, space, space, values.data());
    Index wrong = 0;
    for (Index n = 0; n < core::volume(shape); ++n)
        wrong += values[static_cast<std::size_t>(n)] != element(n);
    CHECK(wrong == 0);
}

TEST_CASE("a failure of any rank at any place ends all with its text") {
    const test::Watchdog dog("a rank fails", std::chrono::seconds(100));
    const Communicator world = Communicator::world();
    const test::SharedDirectory directory(world);
    Job job{.ranks = world, .path = std::filesystem::path(directory.path()) / "out.h5"};
    for (int bad = 0; bad < world.size(); ++bad)
        for (int place = 0; place < places; ++place) {
            const std::string text = "rank " + std::to_string(bad) + ", " + std::to_string(place);
            job.at = [&](int now) {
                if (world.rank() == bad && now == place) throw core::UsageError(text);
            };
            CHECK(failure(job) == "2 " + text);
        }
}

TEST_CASE("what a rank sent before it failed is taken, though its failure is seen first") {
    const test::Watchdog dog("messages before a failure", std::chrono::seconds(60));
    const Communicator world = Communicator::world();
    if (world.size() == 1) return;
    const test::SharedDirectory directory(world);
    const auto path = std::filesystem::path(directory.path()) / "out.h5";
    // Large, so that rank 0 is still at the first of them when its `stop` has arrived.
    const std::vector<std::byte> values(SharedOutput::box_bytes);
    const auto fail_ahead = [&](SharedOutput& shared) {
        const auto sink = shared.sink(1, nullptr);
        for (Index n = 0; n < 3; ++n)
            sink->write_chunk({n, 0}, values);
        throw core::UsageError("ahead of rank 0");
    };
    const auto look_late = [&](SharedOutput& shared) {
        const store::NewFile file(path, true);
        test::write_sample(file.file(), {.name = "v", .shape = {1, row}, .chunk = {1, row}});
        store::DatasetWriter writer(file.file(), "v");
        const auto sink = shared.sink(0, &writer);
        std::this_thread::sleep_for(std::chrono::milliseconds(100)); // until all is sent
        sink->finish();
    };
    for (int round = 0; round < 5; ++round) { // it depends on which rank is on a core
        SharedOutput shared(world);
        std::string told = "none";
        try {
            shared.run([&] { world.is_root() ? look_late(shared) : fail_ahead(shared); });
        } catch (const core::Error& error) {
            told = error.what();
        }
        CHECK(told == "ahead of rank 0");
    }
}

TEST_CASE("of several failures the lowest rank's is told, and whatever was thrown has a text") {
    const test::Watchdog dog("ranks fail", std::chrono::seconds(60));
    const Communicator world = Communicator::world();
    if (world.size() == 1) return; // what was thrown is thrown
    const test::SharedDirectory directory(world);
    Job job{.ranks = world, .path = std::filesystem::path(directory.path()) / "out.h5"};
    const int first = world.size() > 2 ? 1 : 0;
    for (int place = 0; place < places; place += 2) {
        job.at = [&](int now) {
            if (world.rank() >= first && now == place) throw std::bad_alloc();
        };
        const std::string told = failure(job);
        // One that fails while another's failure ends it says nothing.
        CHECK_THAT(told, Catch::Matchers::StartsWith("1 out of memory (rank ") &&
                             !Catch::Contains("is left") && !Catch::Contains("are left"));
    }
}
