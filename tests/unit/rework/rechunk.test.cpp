#include "morphogen/rework/rechunk.hpp"

#include "morphogen/codec/shuffle.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/diff.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "killed_run.hpp"
#include "rework/chunk_writer.hpp"
#include "rework/rechunk_plan.hpp"
#include "rework/shuffled_slab.hpp"
#include "support.hpp"
#include "temporary_directory.hpp"

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

using namespace morphogen;
using core::Dims;
using core::Index;
using rework::RechunkOptions;
using test::plenty;
using test::SampleDataset;

namespace {

std::vector<codec::Hdf5Filter> deflated(std::size_t element) {
    return codec::hdf5_filters({.element_size = element});
}

/// Elements of a float dataset that are not those of the sample.
std::size_t wrong_elements(const std::filesystem::path& path, const std::string& name) {
    const store::DatasetReader reader(std::make_shared<store::FileReader>(path), name);
    std::vector<float> values(static_cast<std::size_t>(core::volume(reader.shape())));
    rework::read_into(reader, core::NdBox::whole(reader.shape()),
                      std::as_writable_bytes(std::span(values)), 2, plenty);
    std::size_t wrong = 0;
    for (std::size_t n = 0; n < values.size(); ++n)
        wrong += values[n] != static_cast<float>(test::sample_element(static_cast<Index>(n)));
    return wrong;
}

store::DatasetInfo info_of(const std::filesystem::path& path, const std::string& name) {
    return store::FileReader(path).dataset(name);
}

} // namespace

TEST_CASE("rechunk: the same elements with other chunks whatever the layouts and the memory") {
    const test::TemporaryDirectory directory;
    const Dims shape{13, 22, 31};
    const auto in = test::write_samples(
        directory / "in.h5",
        {{.name = "a", .shape = shape, .chunk = {1, 7, 10}, .filters = deflated(4)},
         {.name = "b", .shape = shape},
         {.name = "c", .shape = shape, .chunk = {13, 22, 31}},
         {.name = "line", .shape = {50}}});
    const std::uint64_t least = 13 * 1024 * 3;
    for (const std::uint64_t memory : {least, least * 2, plenty})
        for (const std::vector<Index>& chunks :
             {std::vector<Index>{13, 4, 4}, {1, 22, 31}, {5, 5, 5}, {100, 100, 100}, {1, 1, 31}}) {
            CAPTURE(memory, chunks);
            const auto out = directory / "out.h5";
            RechunkOptions options{.chunks = chunks, .replace = true, .threads = 2};
            options.memory = memory + (std::uint64_t{1} << 19U);
            const auto result = rework::rechunk(in, out, options);
            CHECK(result.notes.empty());
            CHECK(result.datasets.size() == 3);
            for (const char* name : {"a", "b", "c"})
                CHECK(wrong_elements(out, name) == 0);
            CHECK(wrong_elements(out, "line") == 0);
            CHECK(info_of(out, "a").chunk.front() == std::min<Index>(chunks.front(), 13));
            CHECK(info_of(out, "line").layout == store::DataLayout::contiguous);
        }
}

TEST_CASE("rechunk: chunks with long rows, which stay shuffled on their way") {
    const test::TemporaryDirectory directory;
    const Dims shape{5, 11, 150};
    const auto in = test::write_samples(
        directory / "in.h5",
        {{.name = "shuffled", .shape = shape, .chunk = {1, 4, 70}, .filters = deflated(4)},
         {.name = "plain",
          .shape = shape,
          .chunk = {2, 11, 64},
          .filters = {{.id = 1, .values = {6}}}},
         {.name = "contiguous", .shape = shape},
         {.name = "partly",
          .shape = shape,
          .chunk = {1, 4, 70},
          .filters = deflated(4),
          .written = {{0, 4, 70}, {1, 8, 140}}}});
    const std::uint64_t least = 5 * 11 * 150 * 4;
    for (const std::uint64_t memory : {least, plenty})
        for (const std::vector<Index>& chunks :
             {std::vector<Index>{5, 4, 40}, {2, 3, 64}, {5, 11, 150}, {1, 1, 32}, {3, 5, 149}})
            for (const char* codec : {"deflate:1", "none"}) {
                CAPTURE(memory, chunks, codec);
                const auto out = directory / "out.h5";
                RechunkOptions options{.chunks = chunks, .replace = true, .threads = 2};
                options.codec = codec::parse_codec(codec);
                options.memory = memory + (std::uint64_t{1} << 19U);
                rework::rechunk(in, out, options);
                for (const char* name : {"shuffled", "plain", "contiguous"})
                    CHECK(wrong_elements(out, name) == 0);
                for (const auto& difference :
                     rework::diff(in, out, {.budget = {.threads = 2, .memory = plenty}}))
                    CHECK(difference.same());
            }
}

TEST_CASE("rechunk: a slab by rows and one that is shuffled give the same chunks, past edges too") {
    const Dims shape{5, 11, 50};
    const core::ChunkGrid grid(shape, {2, 4, 40});
    const codec::FilterPipeline filters{.element_size = 4};
    const core::NdBox slab{{2, 4, 0}, shape};
    std::vector<float> rows(static_cast<std::size_t>(slab.volume()));
    for (std::size_t n = 0; n < rows.size(); ++n)
        rows[n] = static_cast<float>(test::sample_element(static_cast<Index>(n)));
    std::vector<std::byte> apart(rows.size() * 4);
    const core::NdBox chunks = grid.touched(slab);
    for (Index n = 0; n < chunks.volume(); ++n) {
        const auto inside = intersect(grid.full_box(grid.number_in(chunks, n)), slab);
        std::vector<std::byte> chunk(static_cast<std::size_t>(inside.volume()) * 4);
        core::copy_box(inside, reinterpret_cast<const std::byte*>(rows.data()), slab, chunk.data(),
                       inside, 4);
        const auto before = static_cast<std::size_t>(rework::elements_before(slab, inside));
        codec::shuffle_bytes(chunk, std::span(apart).subspan(4 * before, chunk.size()), 4);
    }
    std::vector<std::pair<Dims, std::vector<std::byte>>> put;
    const auto keep = [&](const Dims& lo, std::span<const std::byte> stored) {
        put.emplace_back(lo, std::vector<std::byte>(stored.begin(), stored.end()));
    };
    const std::vector<std::byte> fill{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
    rework::ChunkWriter writer(keep, grid, filters, fill, 2);
    writer.write(slab, reinterpret_cast<const std::byte*>(rows.data()));
    const auto expected = std::exchange(put, {});
    writer.write_shuffled(slab, apart.data());
    CHECK(expected.size() == 8);
    CHECK(put == expected);
}

TEST_CASE("rechunk: contiguous output and a codec of choice") {
    const test::TemporaryDirectory directory;
    const auto in = test::write_samples(
        directory / "in.h5", {{.name = "a", .chunk = {1, 7, 10}, .filters = deflated(4)}});
    const auto out = directory / "out.h5";
    rework::rechunk(in, out, {.contiguous = true, .threads = 2, .memory = plenty});
    CHECK(info_of(out, "a").layout == store::DataLayout::contiguous);
    CHECK(wrong_elements(out, "a") == 0);
    const auto packed = directory / "zstd.h5";
    rework::rechunk(out, packed,
                    {.chunks = {2, 5, 6}, .codec = codec::parse_codec("zstd:3"), .memory = plenty});
    CHECK(wrong_elements(packed, "a") == 0);
    CHECK(info_of(packed, "a").filters.at(1).id == 32015);
    const auto same = directory / "same.h5";
    rework::rechunk(in, same, {.chunks = {4, 10, 12}, .memory = plenty});
    CHECK(info_of(same, "a").filters.size() == 3);
}

TEST_CASE("rechunk: the bytes before the file's own come along") {
    const test::TemporaryDirectory directory;
    const auto in = directory / "in.h5";
    for (const std::size_t size : {512U, 1U << 17U}) {
        CAPTURE(size);
        {
            const auto creation = store::hdf5::file_creation();
            REQUIRE(H5Pset_userblock(creation.get(), size) >= 0);
            const auto file = store::hdf5::create_file(in, creation, store::hdf5::file_access());
            test::write_sample(file, {.name = "a", .chunk = {1, 7, 10}, .filters = deflated(4)});
        }
        std::string block;
        for (std::size_t i = 0; i < size; ++i)
            block += static_cast<char>('a' + i * 31 % 26);
        std::fstream(in, std::ios::binary | std::ios::in | std::ios::out) << block;
        const auto out = directory / "out.h5";
        rework::rechunk(in, out, {.chunks = {4, 4, 4}, .replace = true, .memory = plenty});
        CHECK(wrong_elements(out, "a") == 0);
        CHECK(info_of(out, "a").chunk == std::vector<Index>{4, 4, 4});
        CHECK((test::content(out).substr(0, size) == block)); // not to be printed
        CHECK(test::content(out).substr(size, 4) == "\x89HDF");
    }
}

TEST_CASE("rechunk: what does not fit is refused and nothing is left") {
    const test::TemporaryDirectory directory;
    const auto in = test::write_samples(directory / "in.h5", {{.name = "a", .chunk = {1, 7, 10}}});
    const auto out = directory / "out.h5";
    const auto fails = [&](const RechunkOptions& options, const char* text) {
        CHECK_THROWS_WITH(rework::rechunk(in, out, options), Catch::Contains(text));
        CHECK_FALSE(std::filesystem::exists(out));
        CHECK_FALSE(std::filesystem::exists(directory / "out.h5.new"));
    };
    fails({.chunks = {4, 4}, .memory = plenty}, "it has no such dataset of numbers");
    fails({.chunks = {4, 4, 4}, .datasets = {"b"}, .memory = plenty}, "no such dataset");
    fails({.chunks = {4, 4, 4}, .memory = 100}, "not enough memory to rechunk");
    std::ofstream(out) << "precious";
    CHECK_THROWS_WITH(rework::rechunk(in, out, {.chunks = {4, 4, 4}, .memory = plenty}),
                      Catch::Contains("exists already"));
    CHECK(std::filesystem::file_size(out) == 8);
}

TEST_CASE("rechunk: a damaged chunk ends it with its name and nothing is left") {
    const test::TemporaryDirectory directory;
    const auto in = test::write_samples(
        directory / "in.h5",
        {{.name = "a", .shape = {8, 64, 64}, .chunk = {1, 64, 64}, .filters = deflated(4)}});
    const haddr_t address = test::chunk_address(in, "a", {5, 0, 0});
    std::fstream file(in, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(address) + 30);
    file << "damage";
    file.close();
    const auto out = directory / "out.h5";
    for (const int threads : {1, 2})
        CHECK_THROWS_WITH(
            rework::rechunk(in, out, {.chunks = {8, 8, 8}, .threads = threads, .memory = plenty}),
            Catch::Contains("cannot decode chunk") && Catch::Contains("chunk at (5, 0, 0)"));
    CHECK_FALSE(std::filesystem::exists(out));
    CHECK_FALSE(std::filesystem::exists(directory / "out.h5.new"));
}

TEST_CASE("slabs decode nothing twice if memory allows it and never exceed it") {
    const Dims shape{100, 1080, 1920};
    const Dims block{1, 270, 480};
    const Dims unit{100, 60, 60};
    const auto plan = [&](Index megabytes) {
        return rework::plan_slabs(shape, block, unit, megabytes * 1024 * 1024 / 4);
    };
    CHECK(plan(1024).passes == 1.0);
    CHECK(plan(130).passes == 1.0);
    for (const Index megabytes : {2, 10, 45, 64, 130, 500, 2000}) {
        const auto p = plan(megabytes);
        CAPTURE(megabytes, p.passes);
        CHECK(p.slabs.box(0).volume() <= megabytes * 1024 * 1024 / 4);
        for (int a = 0; a < 3; ++a)
            CHECK((p.slabs.chunk()[a] % unit[a] == 0 || p.slabs.chunk()[a] >= shape[a]));
    }
    CHECK(plan(45).passes < 2.5);
    CHECK(plan(2).passes > plan(45).passes);
}

TEST_CASE("slabs of a dataset that claims to be endless are planned at once") {
    const Index huge = Index{1} << 54U;
    const auto plan = rework::plan_slabs({huge, 7}, {1024, 7}, {1000, 7}, Index{1} << 20U);
    CHECK(plan.slabs.box(0).volume() <= Index{1} << 20U);
    CHECK(plan.passes < 1.1);
}
