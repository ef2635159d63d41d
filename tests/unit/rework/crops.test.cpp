#include "morphogen/rework/crops.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/box_loader.hpp"
#include "morphogen/rework/boxes.hpp"
#include "morphogen/store/hdf5_lock.hpp"
#include "morphogen/store/reader.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "killed_run.hpp"
#include "small_files.hpp"
#include "support.hpp"
#include "temporary_directory.hpp"
#include "watchdog.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

using namespace morphogen;
using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;
using test::open;
using test::plenty;
namespace fs = std::filesystem;

namespace {

/// By our own decoders: the library may have no plugin for a codec.
std::vector<std::byte> decoded(const DatasetReader& reader, const NdBox& box) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(box.volume()) * reader.element_size());
    rework::read_into(reader, box, bytes, 1, plenty);
    return bytes;
}

/// By the library, also while a loader's thread calls it.
std::vector<std::byte> bytes_of(const DatasetReader& reader, const NdBox& box) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(box.volume()) * reader.element_size());
    const store::Hdf5Lock lock;
    reader.read_plain(box, bytes);
    return bytes;
}

/// Along several axes in chunks that do not divide them; a corner was never written.
std::unique_ptr<DatasetReader> sample(const test::TemporaryDirectory& directory) {
    return open(
        test::write_samples(directory / "in.h5",
                            {{.shape = {23, 31, 42},
                              .chunk = {3, 10, 12},
                              .type = H5T_STD_I16BE,
                              .filters = codec::hdf5_filters(
                                  {.codec = codec::parse_codec("deflate:1"), .element_size = 2}),
                              .written = {{0, 0, 0}, {20, 31, 40}}}}),
        "data");
}

/// Two files side by side, each of one chunk: pieces whose chunks have the same numbers.
std::unique_ptr<DatasetReader> two_pieces(const test::TemporaryDirectory& directory) {
    namespace hdf5 = store::hdf5;
    const std::vector<hsize_t> part{6, 8, 10};
    const std::vector<hsize_t> all{6, 8, 20};
    const auto creation = hdf5::dataset_creation();
    const auto space = hdf5::simple_space(all);
    for (const hsize_t n : {0U, 1U}) {
        const std::string name = "part" + std::to_string(n) + ".h5";
        test::write_samples(directory / name, {{.shape = {6, 8, 10},
                                                .chunk = {6, 8, 10},
                                                .written = {{0, 0, 0}, {6, 8, n == 0 ? 10 : 7}}}});
        hdf5::select_box(space, std::vector<hsize_t>{0, 0, 10 * n}, part);
        hdf5::map_virtual(creation, space, name.c_str(), "/data", hdf5::simple_space(part));
    }
    hdf5::create_dataset(
        hdf5::create_file(directory / "all.h5", hdf5::file_creation(), hdf5::file_access()).get(),
        "data", H5T_IEEE_F32LE, hdf5::simple_space(all), creation);
    return open(directory / "all.h5", "data");
}

/// Crops that are not those of the input where random_box() says.
Index wrong_crops(const DatasetReader& in, const fs::path& path,
                  const rework::CropOptions& options) {
    const auto crops = open(path, "crops");
    const auto origins = open(path, "origin");
    CHECK(origins->shape() == Dims{options.count, options.shape.rank()});
    CHECK(crops->type() == in.type());
    Index wrong = 0;
    for (Index n = 0; n < options.count; ++n) {
        const NdBox box = rework::random_box(in.shape(), options.shape, options.seed, n);
        NdBox crop{Dims(box.rank() + 1, 0), Dims(box.rank() + 1, n + 1)};
        crop.lo[0] = n;
        for (int a = 0; a < box.rank(); ++a)
            crop.hi[a + 1] = options.shape[a];
        const auto origin = bytes_of(*origins, {{n, 0}, {n + 1, box.rank()}});
        const std::vector<std::int64_t> lo(box.lo.begin(), box.lo.end());
        const auto wanted = std::as_bytes(std::span(lo));
        if (decoded(*crops, crop) != bytes_of(in, box) ||
            !std::equal(origin.begin(), origin.end(), wanted.begin(), wanted.end()))
            ++wrong;
    }
    return wrong;
}

} // namespace

TEST_CASE("crops are the random boxes of the seed in their order, whatever does the work") {
    const test::Watchdog watchdog("crops", std::chrono::seconds(120));
    const test::TemporaryDirectory directory;
    const auto in = sample(directory);
    const auto out = directory / "out.h5";
    Index most_sweeps = 0;
    for (const char* codec : {"none", "deflate:1", "zstd:1"})
        for (const std::uint64_t memory : {std::uint64_t{100} << 10, plenty})
            for (const int threads : {1, 3}) {
                CAPTURE(codec, memory, threads);
                Index done = 0;
                rework::CropOptions options{.shape = {4, 9, 17},
                                            .count = 60,
                                            .seed = 7,
                                            .codec = codec::parse_codec(codec),
                                            .replace = true,
                                            .budget = {.threads = threads, .memory = memory}};
                options.budget.progress = [&](Index n, Index all) {
                    CHECK(n == ++done);
                    CHECK(all == 60);
                };
                const rework::CropResult result = rework::write_crops(*in, out, options);
                CHECK(done == 60);
                CHECK(wrong_crops(*in, out, options) == 0);
                CHECK(result.raw_bytes == std::uint64_t{60} * 4 * 9 * 17 * 2);
                CHECK(result.bytes_out == fs::file_size(out));
                if (memory == plenty) CHECK(result.sweeps == 1);
                most_sweeps = std::max(most_sweeps, result.sweeps);
                const store::DatasetInfo info = store::FileReader(out).dataset("/crops");
                CHECK(info.chunk == std::vector<Index>{1, 4, 9, 17});
                CHECK(info.filters.size() == (options.codec.compressor == codec::Compressor::none
                                                  ? 0
                                                  : 3)); // shuffle, codec, checksum
            }
    CHECK(most_sweeps > 1);
}

TEST_CASE("crops and loaded boxes of a virtual dataset take each piece's own chunks") {
    const test::Watchdog watchdog("crops", std::chrono::seconds(60));
    const test::TemporaryDirectory directory;
    const auto in = two_pieces(directory);
    REQUIRE(in->pieces().size() == 2);
    const rework::CropOptions options{
        .shape = {2, 3, 9}, .count = 30, .seed = 1, .budget = {.threads = 2, .memory = plenty}};
    rework::write_crops(*in, directory / "out.h5", options);
    CHECK(wrong_crops(*in, directory / "out.h5", options) == 0);
    for (const std::uint64_t memory : {std::uint64_t{40} << 10, plenty}) { // or all of it is kept
        CAPTURE(memory);
        rework::BoxLoader loader(
            *in, rework::first_boxes(rework::random_boxes(in->shape(), options.shape, 1), 30),
            {.threads = 2, .memory = memory});
        Index n = 0;
        for (const rework::LoadedBoxes& one : loader) {
            const auto wanted =
                bytes_of(*in, rework::random_box(in->shape(), options.shape, 1, n++));
            CHECK(std::equal(one.bytes.begin(), one.bytes.end(), wanted.begin(), wanted.end()));
        }
        CHECK(n == 30);
    }
    // One piece after the other, each box in a load of its own.
    rework::BoxLoader apart(*in,
                            [&](Index n) -> std::optional<NdBox> {
                                if (n == 2) return std::nullopt;
                                return NdBox{{0, 0, 11 * n}, {6, 8, 11 * n + 9}};
                            },
                            {.threads = 2, .memory = plenty});
    for (const Index n : {0, 1}) {
        const auto one = apart.next();
        REQUIRE(one);
        const auto wanted = bytes_of(*in, {{0, 0, 11 * n}, {6, 8, 11 * n + 9}});
        CHECK(std::equal(one->bytes.begin(), one->bytes.end(), wanted.begin(), wanted.end()));
    }
}

TEST_CASE("crops over chunks that were never written hold the fill value") {
    const test::TemporaryDirectory directory;
    static constexpr float fill = -1.5F;
    test::write_small_file(
        directory / "in.h5", {},
        {.shape = {6, 10},
         .chunk = {3, 5},
         .dataset = "data",
         .adjust = [](const store::hdf5::Properties& creation) {
             REQUIRE(H5Pset_fill_value(creation.get(), H5T_NATIVE_FLOAT, &fill) >= 0);
         }});
    const auto in = open(directory / "in.h5", "data");
    rework::write_crops(*in, directory / "out.h5",
                        {.shape = {4, 7}, .count = 3, .budget = {.threads = 1, .memory = plenty}});
    std::vector<float> cells(3 * 4 * 7);
    open(directory / "out.h5", "crops")
        ->read_plain({{0, 0, 0}, {3, 4, 7}}, std::as_writable_bytes(std::span(cells)));
    CHECK(cells == std::vector<float>(cells.size(), fill));
}

TEST_CASE("crops of other seeds are others, and those of more begin with those of fewer") {
    const test::TemporaryDirectory directory;
    const auto in = sample(directory);
    const auto origins = [&](std::uint64_t seed, Index count) {
        const auto out = directory / "out.h5";
        rework::write_crops(*in, out,
                            {.shape = {1, 2, 3},
                             .count = count,
                             .seed = seed,
                             .replace = true,
                             .budget = {.threads = 2, .memory = plenty}});
        return bytes_of(*open(out, "origin"), {{0, 0}, {5, 3}});
    };
    CHECK(origins(1, 5) == origins(1, 9));
    CHECK(origins(1, 5) != origins(2, 5));
}

TEST_CASE("crops that cannot be cut are refused, and nothing is left of them") {
    const test::TemporaryDirectory directory;
    const auto in = sample(directory);
    const auto fails = [&](const Dims& shape, std::uint64_t memory, const char* text) {
        CHECK_THROWS_WITH(
            rework::write_crops(
                *in, directory / "out.h5",
                {.shape = shape, .count = 9, .budget = {.threads = 2, .memory = memory}}),
            Catch::Contains(text) && Catch::Contains("in.h5, /data"));
        CHECK_FALSE(fs::exists(directory / "out.h5"));
        CHECK_FALSE(fs::exists(directory / "out.h5.new"));
    };
    fails({4, 9}, plenty, "--shape has 2 axes, the dataset has 3");
    fails({4, 32, 9}, plenty, "longer than the dataset");
    fails({4, 9, 17}, 1000, "is the least");
    const auto path = directory / "eight.h5";
    test::write_samples(path, {{.shape = Dims(8, 2)}});
    CHECK_THROWS_WITH(
        rework::write_crops(
            *open(path, "data"), directory / "out.h5",
            {.shape = Dims(8, 1), .count = 1, .budget = {.threads = 1, .memory = plenty}}),
        Catch::Contains("none left to number the crops"));
}

TEST_CASE("a damaged chunk ends crops with its name, and nothing is left") {
    const test::Watchdog watchdog("crops");
    const test::TemporaryDirectory directory;
    static_cast<void>(sample(directory));
    const auto path = directory / "in.h5";
    const haddr_t place = test::chunk_address(path, "data", {6, 10, 12});
    for (int at = 0; at < 24; ++at)
        test::flip(path, static_cast<std::streamoff>(place) + at);
    for (const int threads : {1, 2})
        CHECK_THROWS_WITH(rework::write_crops(*open(path, "data"), directory / "out.h5",
                                              {.shape = {23, 31, 42},
                                               .count = 1,
                                               .budget = {.threads = threads, .memory = plenty}}),
                          Catch::Contains("in.h5, /data, chunk at (6, 10, 12)"));
    CHECK_FALSE(fs::exists(directory / "out.h5"));
    CHECK_FALSE(fs::exists(directory / "out.h5.new"));
}
