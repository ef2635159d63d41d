#include "morphogen/store/chunk_appender.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_directory.hpp"

#include "catch.hpp"
#include "error_of.hpp"
#include "sample_frames.hpp"
#include "store/swmr_file.hpp"
#include "temporary_directory.hpp"

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace config = morphogen::config;
namespace mpi = morphogen::mpi;
namespace test = morphogen::test;
using core::Index;

namespace {

config::Config appending_config(Index frames_per_file = 0) {
    config::Config c;
    c.grid.shape = {1, 37, 53};
    c.output.chunk = std::vector<Index>{10, 20};
    c.output.sync = config::Sync::never;
    c.output.frames_per_file = frames_per_file;
    return c;
}

store::FrameLayout appending_layout(const config::Config& c) {
    return store::make_layout(c, {{0, 0, 0}, c.grid.shape});
}

std::unique_ptr<store::FrameSink> open_run(const std::filesystem::path& root,
                                           const config::Config& c,
                                           std::optional<Index> kept = std::nullopt) {
    return store::open_sink(c, store::RunDirectory{root}, appending_layout(c),
                            {.config_toml = "[grid]\n"}, mpi::Communicator(), kept);
}

using Bytes = std::vector<std::byte>;

/// The chunks of V of a sample frame, encoded.
std::vector<Bytes> encoded(const store::FrameLayout& layout, Index frame) {
    const store::Frame cells = test::sample_frame(layout, frame);
    morphogen::codec::ChunkEncoder encoder(layout.filters, layout.chunk_bytes());
    Bytes raw(layout.chunk_bytes());
    std::vector<Bytes> chunks;
    for (Index c = 0; c < layout.chunks(); ++c) {
        store::gather_chunk(layout, c, cells.cells.data(), raw.data());
        Bytes& stored = chunks.emplace_back(
            morphogen::codec::ChunkEncoder::bound(layout.filters, layout.chunk_bytes()));
        stored.resize(encoder.encode(raw, stored));
    }
    return chunks;
}

std::size_t wrongly_read(const std::filesystem::path& file, const store::FrameLayout& layout,
                         Index frames) {
    const store::FileReader reader(file);
    REQUIRE(reader.frames() == frames);
    std::vector<float> cells(static_cast<std::size_t>(core::volume(layout.global)));
    std::size_t wrong = 0;
    for (Index n = 0; n < frames; ++n) {
        reader.read_frame("v", n, std::span<float>(cells));
        const float* cell = cells.data();
        for (Index y = 0; y < layout.global[1]; ++y)
            for (Index x = 0; x < layout.global[2]; ++x)
                wrong +=
                    *cell++ != static_cast<float>(test::sample_value(n, core::Field::v, {0, y, x}));
    }
    return wrong;
}

/// Appends a frame's chunks by threads of its own.
class Appending {
public:
    Appending(store::ChunkAppender& appender, std::vector<Bytes> chunks, int threads)
        : chunks_(std::move(chunks)), places_(chunks_.size()) {
        for (int t = 0; t < threads; ++t)
            threads_.emplace_back([this, &appender] {
                for (std::size_t c = next_++; c < chunks_.size(); c = next_++)
                    places_[c] = appender.try_append(chunks_[c]);
            });
    }
    ~Appending() {
        for (std::thread& thread : threads_)
            if (thread.joinable()) thread.join();
    }

    /// Hands the chunks on. @returns how many were appended
    int put(store::FrameSink& sink, Index frame) {
        for (std::thread& thread : threads_)
            thread.join();
        sink.begin_frame(test::sample_record(frame));
        int appended = 0;
        for (std::size_t c = 0; c < chunks_.size(); ++c)
            if (places_[c]) {
                sink.put_appended(0, static_cast<Index>(c), *places_[c]);
                ++appended;
            } else {
                sink.put_chunk(0, static_cast<Index>(c), chunks_[c]);
            }
        return appended;
    }

private:
    std::vector<Bytes> chunks_;
    std::vector<std::optional<store::ChunkPlace>> places_;
    std::atomic<std::size_t> next_ = 0;
    std::vector<std::thread> threads_;
};

/// An open file with one dataset of 8 elements, a chunk each.
store::SwmrFile file_of_chunks(const std::filesystem::path& path) {
    return store::SwmrFile(path, config::Sync::never, [](const hdf5::File& file) {
        const hdf5::Properties creation = hdf5::dataset_creation();
        hdf5::set_chunk(creation, std::array<hsize_t, 1>{1});
        hdf5::create_dataset(file.get(), "data", H5T_NATIVE_INT64,
                             hdf5::simple_space(std::array<hsize_t, 1>{8}), creation);
    });
}

constexpr std::int64_t number = 42;
const auto number_bytes = std::as_bytes(std::span(&number, 1));

} // namespace

TEST_CASE("appended chunks: threads append beside what HDF5 itself writes") {
    const test::TemporaryDirectory directory;
    const config::Config c = appending_config();
    const auto layout = appending_layout(c);
    constexpr Index frames = 60;
    {
        const auto sink = open_run(directory.path(), c);
        auto next = std::make_unique<Appending>(*sink->appender(0), encoded(layout, 0), 1);
        for (Index n = 0; n < frames; ++n) {
            const int appended = next->put(*sink, n);
            if (n == 0) CHECK(appended == layout.chunks()); // nobody else was at the file's end
            // While this one is entered and counted, the next one's chunks are appended.
            next = std::make_unique<Appending>(*sink->appender(n + 1), encoded(layout, n + 1), 3);
            sink->end_frame();
            sink->commit();
        }
        next.reset();
        sink->close();
        CHECK(sink->committed() == frames);
    }
    CHECK(wrongly_read(directory / "frames.h5", layout, frames) == 0);
}

TEST_CASE("appended chunks: none while HDF5 is at work on the file") {
    const test::TemporaryDirectory directory;
    store::SwmrFile file = file_of_chunks(directory / "file.h5");
    const auto try_elsewhere = [&] {
        std::optional<store::ChunkPlace> place;
        std::thread([&] { place = file.end().try_append(number_bytes); }).join();
        return place;
    };
    auto lock = file.end().lock();
    CHECK(!try_elsewhere());
    lock.unlock();
    CHECK(try_elsewhere());
    file.close();
}

TEST_CASE("appended chunks: one that HDF5 has a place for already is copied there") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "file.h5";
    store::SwmrFile file = file_of_chunks(path);
    constexpr std::int64_t other = 43;
    const store::ChunkPlace first = file.end().append(number_bytes);
    const store::ChunkPlace second = file.end().append(std::as_bytes(std::span(&other, 1)));
    {
        const auto data = hdf5::open_dataset(file.file().get(), "data");
        const auto lock = file.end().lock();
        const std::array<hsize_t, 1> third{2};
        file.end().enter_chunk(data, third, first);
        file.end().enter_chunk(data, third, second);
        const std::array<hsize_t, 1> fifth{4}; // by the library itself: nothing is announced now
        hdf5::write_chunk(data, fifth, number_bytes);
    }
    file.close();
    const auto closed = hdf5::open_file(path, hdf5::Mode::read);
    const auto data = hdf5::open_dataset(closed.get(), "data");
    std::array<std::int64_t, 8> values{};
    hdf5::read(data, H5T_NATIVE_INT64, hdf5::space_of(data), hdf5::space_of(data), values.data());
    CHECK(values == std::array<std::int64_t, 8>{0, 0, other, 0, number, 0, 0, 0});
}

TEST_CASE("appended chunks: a write that fails is told in its turn, and loses no frame before") {
    const test::TemporaryDirectory directory;
    const config::Config c = appending_config();
    const auto layout = appending_layout(c);
    const auto path = directory / "frames.h5";
    const auto sink = open_run(directory.path(), c);
    test::write_frame(*sink, layout, test::sample_frame(layout, 0));
    sink->commit();
    test::write_frame(*sink, layout, test::sample_frame(layout, 1));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    // Room for the bookkeeping of the frame that is to be counted, not for a chunk.
    constexpr std::size_t room = 20000;
    const rlimit tight{.rlim_cur = std::filesystem::file_size(path) + room,
                       .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
    const Bytes chunk(room + 1);
    const bool appended = sink->appender(2)->try_append(chunk).has_value();
    const std::string committing = test::error_of([&] { sink->commit(); });
    sink->begin_frame(test::sample_record(2));
    const std::string message = test::error_of([&] { sink->put_chunk(0, 0, chunk); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK(!appended);
    CHECK(committing.empty());
    CHECK(message == "cannot write chunk (" + path.native() + "): File too large");
    CHECK(sink->committed() == 2);
    sink->abandon();
    CHECK(hdf5::shape_of(hdf5::open_dataset(hdf5::open_file(path, hdf5::Mode::read_swmr).get(),
                                            "step")) == std::vector<hsize_t>{2});
}

TEST_CASE("appended chunks: not of another segment; in place of what is there") {
    const test::TemporaryDirectory directory;
    const config::Config c = appending_config(6);
    const auto layout = appending_layout(c);
    {
        const auto sink = open_run(directory.path(), c);
        for (Index n = 0; n < 5; ++n) {
            CHECK(sink->appender(n) != nullptr);
            CHECK(sink->appender(6) == nullptr); // the next segment's
            test::write_frame(*sink, layout, test::sample_frame(layout, n));
            sink->commit();
        }
        sink->close();
    }
    {
        const auto sink = open_run(directory.path(), c, 3); // frames 3 and 4 are written again
        for (Index n = 3; n < 6; ++n)
            test::write_frame(*sink, layout, test::sample_frame(layout, n));
        sink->close();
    }
    CHECK(wrongly_read(directory / "frames.h5", layout, 6) == 0);
}

TEST_CASE("appended chunks: none in a file where HDF5 does not ask for the places") {
    const test::TemporaryDirectory directory;
    const auto appends = [&](H5F_fspace_strategy_t strategy, bool persists) {
        const auto path = directory / "file.h5";
        {
            const hdf5::Properties creation = hdf5::file_creation();
            H5Pset_file_space_strategy(creation.get(), strategy, persists, 1);
            hdf5::create_file(path, creation, hdf5::file_access());
        }
        store::SwmrFile file(path, config::Sync::never);
        const bool answer = file.appends();
        file.close();
        return answer;
    };
    CHECK(appends(H5F_FSPACE_STRATEGY_FSM_AGGR, false)); // the library's default
    CHECK(!appends(H5F_FSPACE_STRATEGY_FSM_AGGR, true));
    CHECK(!appends(H5F_FSPACE_STRATEGY_PAGE, false));
}
