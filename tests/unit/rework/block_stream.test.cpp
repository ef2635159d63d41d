#include "morphogen/rework/block_stream.hpp"

#include "morphogen/codec/shuffle.hpp"
#include "morphogen/codec/spec.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "support.hpp"
#include "temporary_directory.hpp"

#include <atomic>
#include <fstream>
#include <memory>

using namespace morphogen;
using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;
using test::open;
using test::plenty;
using test::SampleDataset;

namespace {

/// The same box by the stream and by the library.
bool agree(const DatasetReader& reader, const NdBox& box, int threads = 2) {
    const auto bytes = static_cast<std::size_t>(box.volume()) * reader.element_size();
    std::vector<std::byte> ours(bytes, std::byte{0xcd});
    std::vector<std::byte> theirs(bytes);
    rework::read_into(reader, box, ours, threads, plenty);
    reader.read_plain(box, theirs);
    return ours == theirs;
}

std::vector<codec::Hdf5Filter> filters(const char* codec, std::size_t element) {
    return codec::hdf5_filters({.codec = codec::parse_codec(codec), .element_size = element});
}

} // namespace

TEST_CASE("blocks of every layout hold what the library reads") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "many.h5",
        {{.name = "contiguous"},
         {.name = "chunked", .chunk = {2, 4, 5}},
         {.name = "deflate", .chunk = {3, 7, 5}, .filters = filters("deflate:6", 4)},
         {.name = "double",
          .chunk = {1, 10, 12},
          .type = H5T_IEEE_F64BE,
          .filters = filters("deflate:1", 8)},
         {.name = "short",
          .chunk = {4, 3, 12},
          .type = H5T_STD_I16BE,
          .filters = filters("deflate:1", 2)},
         {.name = "partly",
          .chunk = {2, 4, 5},
          .filters = filters("deflate:1", 4),
          .written = {{0, 0, 0}, {2, 4, 5}}},
         {.name = "line", .shape = {1000}, .chunk = {64}},
         {.name = "eight", .shape = {2, 3, 2, 3, 2, 3, 2, 3}, .chunk = {1, 2, 2, 2, 1, 3, 2, 2}},
         {.name = "scaleoffset",
          .chunk = {2, 5, 6},
          .type = H5T_STD_I32LE,
          .filters = {{.id = 6, .values = {2, 0}}}}});
    for (const char* name : {"contiguous", "chunked", "deflate", "double", "short", "partly"}) {
        CAPTURE(name);
        const auto reader = open(path, name);
        CHECK(agree(*reader, NdBox::whole(reader->shape())));
        CHECK(agree(*reader, {{1, 3, 2}, {4, 9, 11}}));
        CHECK(agree(*reader, {{3, 9, 11}, {4, 10, 12}}, 1));
    }
    for (const char* name : {"line", "eight", "scaleoffset"}) {
        CAPTURE(name);
        const auto reader = open(path, name);
        CHECK(agree(*reader, NdBox::whole(reader->shape())));
    }
    CHECK(open(path, "deflate")->pieces().front().decodable);
    CHECK_FALSE(open(path, "scaleoffset")->pieces().front().decodable);
}

TEST_CASE("chunks of every codec go straight to their places, whatever the box cuts off") {
    const test::TemporaryDirectory directory;
    const std::vector<Dims> chunks{{1, 10, 12}, {2, 10, 12}, {1, 1, 12}, {3, 7, 5},
                                   {1, 10, 7},  {4, 3, 12},  {1, 1, 1}};
    const std::vector<NdBox> boxes{{{0, 0, 0}, {4, 10, 12}}, {{1, 0, 0}, {3, 10, 12}},
                                   {{0, 2, 0}, {4, 9, 12}},  {{1, 3, 2}, {4, 9, 11}},
                                   {{2, 4, 0}, {3, 5, 12}},  {{3, 9, 11}, {4, 10, 12}}};
    struct Kind {
        hid_t type;
        std::size_t shuffle; // 0: none
        bool checksum;
    };
    const std::vector<Kind> kinds{{H5T_IEEE_F32LE, 4, false}, {H5T_IEEE_F32BE, 4, true},
                                  {H5T_IEEE_F64LE, 8, false}, {H5T_STD_I16BE, 2, false},
                                  {H5T_STD_U8LE, 1, true},    {H5T_IEEE_F64BE, 0, false},
                                  {H5T_IEEE_F32LE, 0, true},  {H5T_STD_I32LE, 4, true}};
    std::vector<SampleDataset> samples;
    for (const Dims& chunk : chunks)
        for (const Kind& kind : kinds)
            for (const bool deflate : {false, true}) {
                std::vector<codec::Hdf5Filter> filters;
                if (kind.shuffle > 0)
                    filters.push_back({.id = 2, .values = {static_cast<unsigned>(kind.shuffle)}});
                if (deflate) filters.push_back({.id = 1, .values = {6}});
                if (kind.checksum) filters.push_back({.id = 3});
                samples.push_back({.name = std::to_string(samples.size()),
                                   .chunk = chunk,
                                   .type = kind.type,
                                   .filters = filters});
            }
    const auto path = test::write_samples(directory / "kinds.h5", samples);
    const auto file = std::make_shared<store::FileReader>(path);
    for (const SampleDataset& sample : samples) {
        CAPTURE(sample.name, sample.chunk[0], sample.chunk[1], sample.chunk[2]);
        const DatasetReader reader(file, sample.name);
        REQUIRE(reader.pieces().front().decodable);
        for (const NdBox& box : boxes)
            CHECK(agree(reader, box));
    }
}

TEST_CASE("filters in every order that the library writes are undone") {
    const test::TemporaryDirectory directory;
    const std::vector<codec::Hdf5Filter> some{
        {.id = 1, .values = {4}}, {.id = 2, .values = {4}}, {.id = 3, .values = {}}};
    std::vector<std::vector<codec::Hdf5Filter>> orders{{}};
    for (std::size_t n = 0; n < orders.size(); ++n) // up to four of them
        for (const codec::Hdf5Filter& next : some)
            if (orders[n].size() < 4) {
                orders.push_back(orders[n]);
                orders.back().push_back(next);
            }
    std::vector<SampleDataset> samples;
    for (const auto& order : orders)
        samples.push_back(
            {.name = std::to_string(samples.size()), .chunk = {3, 7, 5}, .filters = order});
    const auto path = test::write_samples(directory / "orders.h5", samples);
    for (std::size_t n = 0; n < orders.size(); ++n) {
        const auto reader = open(path, samples[n].name);
        CAPTURE(n);
        CHECK(agree(*reader, NdBox::whole(reader->shape())));
    }
}

TEST_CASE("a block can be had in pieces, as a whole, and both in any order") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "a.h5",
        {{.name = "shuffled", .chunk = {4, 10, 12}, .filters = filters("deflate:1", 4)},
         {.name = "plain", .chunk = {4, 10, 12}, .filters = {{.id = 1, .values = {6}}}},
         {.name = "fill",
          .chunk = {4, 10, 12},
          .filters = filters("deflate:1", 4),
          .written = {{0, 0, 0}, {0, 0, 0}}}});
    for (const char* name : {"shuffled", "plain", "fill"}) {
        CAPTURE(name);
        const auto reader = open(path, name);
        const NdBox whole = NdBox::whole(reader->shape());
        std::vector<std::byte> expected(reader->raw_bytes());
        reader->read_plain(whole, expected);
        rework::BlockStream stream(*reader, 1, plenty);
        int used = 0;
        stream.for_each(
            reader->blocks_in(whole), {[&](const rework::BlockView& block, int) {
                std::vector<std::byte> copied(expected.size());
                block.check();
                block.copy_to(whole, copied.data(), whole);
                CHECK(copied == expected);
                copied.assign(expected.size(), {});
                block.copy_to({{0, 0, 0}, {4, 4, 12}}, copied.data(), whole);
                const auto raw = block.raw();
                CHECK(std::equal(raw.begin(), raw.end(), expected.begin(), expected.end()));
                block.copy_to({{0, 4, 0}, {4, 10, 12}}, copied.data(), whole);
                CHECK(copied == expected);
                ++used;
            }});
        CHECK(used == 1);
    }
}

TEST_CASE("chunks of a file whose driver does not tell where they lie come through the library") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "a.h5", {{.chunk = {3, 7, 5}, .filters = filters("deflate:6", 4)}});
    const DatasetReader reader(std::make_shared<store::FileReader>(
                                   path, store::hdf5::open_file(path, store::hdf5::Mode::read)),
                               "data");
    CHECK_FALSE(reader.pieces().front().decodable);
    CHECK(agree(reader, NdBox::whole(reader.shape())));
}

TEST_CASE("a block's bytes apart are what the shuffle filter would make of its elements") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "a.h5",
        {{.name = "shuffled", .chunk = {4, 7, 12}, .filters = filters("deflate:1", 4)},
         {.name = "plain", .chunk = {4, 7, 12}, .filters = {{.id = 1, .values = {6}}}},
         {.name = "contiguous"},
         {.name = "wide",
          .chunk = {4, 7, 12},
          .type = H5T_IEEE_F64BE,
          .filters = filters("deflate:1", 8)},
         {.name = "fill",
          .chunk = {4, 7, 12},
          .filters = filters("deflate:1", 4),
          .written = {{0, 0, 0}, {0, 0, 0}}}});
    const NdBox box{{1, 2, 1}, {4, 9, 12}};
    for (const char* name : {"shuffled", "plain", "contiguous", "wide", "fill"}) {
        CAPTURE(name);
        const auto reader = open(path, name);
        const std::size_t element = reader->element_size();
        std::vector<std::byte> rows(static_cast<std::size_t>(box.volume()) * element);
        reader->read_plain(box, rows);
        std::vector<std::byte> expected(rows.size());
        codec::shuffle_bytes(rows, expected, element);
        std::vector<std::byte> copied(rows.size());
        rework::BlockStream stream(*reader, 1, plenty);
        stream.for_each(reader->blocks_in(box), {[&](const rework::BlockView& block, int) {
                            block.copy_shuffled_to(intersect(block.box, box), copied.data(), box);
                        }});
        CHECK(copied == expected);
    }
}

TEST_CASE("threads are woken for work alone") {
    CHECK(rework::useful_threads(8, 3) == 3);
    CHECK(rework::useful_threads(8, 100) == 8);
    CHECK(rework::useful_threads(8, 0) == 1);
    CHECK(rework::useful_threads(8, 100, 6400) == 1);
    CHECK(rework::useful_threads(8, 100, std::uint64_t{3} << 18U) == 3);
    CHECK(rework::useful_threads(8, 100, std::uint64_t{1} << 40U) == 8);
    CHECK(rework::useful_threads(0, 100, std::uint64_t{1} << 40U) == 1);
}

TEST_CASE("elements know their type and byte order") {
    const test::TemporaryDirectory directory;
    const auto path =
        test::write_samples(directory / "types.h5", {{.name = "f", .type = H5T_IEEE_F64BE},
                                                     {.name = "u", .type = H5T_STD_U16LE}});
    using Kind = store::ElementType::Kind;
    CHECK(open(path, "f")->type() == store::ElementType{Kind::floating, 8, true});
    CHECK(open(path, "u")->type() == store::ElementType{Kind::unsigned_integer, 2, false});
}

TEST_CASE("a damaged chunk is an error that names it and the others can still be had") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "bad.h5", {{.chunk = {1, 10, 12}, .filters = filters("deflate:1", 4)}});
    const haddr_t address = test::chunk_address(path, "data", {2, 0, 0});
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(address) + 20);
        file << "damage";
    }
    const auto reader = open(path);
    rework::BlockStream stream(*reader, 2, plenty);
    const auto blocks = reader->blocks_in(NdBox::whole(reader->shape()));
    std::atomic<int> used{0};
    const auto use = [&](const rework::BlockView& block, int) {
        block.check();
        ++used;
    };
    const std::string place = ", offset " + std::to_string(address) + ", length ";
    CHECK_THROWS_WITH(stream.for_each(blocks, {use}),
                      Catch::Contains("cannot decode chunk") && Catch::Contains("bad.h5, /data") &&
                          Catch::Contains("chunk at (2, 0, 0)") && Catch::Contains(place));
    std::vector<std::byte> out(reader->raw_bytes());
    CHECK_THROWS_WITH(rework::read_into(*reader, NdBox::whole(reader->shape()), out, 2, plenty),
                      Catch::Contains("chunk at (2, 0, 0)") && Catch::Contains(place));
    used = 0;
    std::vector<Index> done;
    std::vector<Index> failed;
    stream.for_each(blocks, {use, [&](Index n) { done.push_back(n); },
                             [&](Index n, const std::exception_ptr&) { failed.push_back(n); }});
    CHECK(used == 3);
    CHECK(done == std::vector<Index>{0, 1, 3});
    CHECK(failed == std::vector<Index>{2});
}

TEST_CASE("a file that became shorter is an error that names the chunk and where it lies") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(directory / "cut.h5", {{.chunk = {1, 10, 12}}});
    const haddr_t address = test::chunk_address(path, "data", {3, 0, 0});
    const auto reader = open(path);
    std::filesystem::resize_file(path, address + 100);
    std::vector<std::byte> out(reader->raw_bytes());
    for (const int threads : {1, 2})
        CHECK_THROWS_WITH(
            rework::read_into(*reader, NdBox::whole(reader->shape()), out, threads, plenty),
            Catch::Contains("cannot read data") &&
                Catch::Contains("chunk at (3, 0, 0), offset " + std::to_string(address) +
                                ", length 480") &&
                Catch::Contains("the file ends before"));
}

TEST_CASE("too little memory is refused with the least that would do") {
    const test::TemporaryDirectory directory;
    const auto path =
        test::write_samples(directory / "a.h5", {{.shape = {64, 1024}, .chunk = {64, 1024}}});
    const auto reader = open(path);
    const std::uint64_t least = rework::BlockStream::least_memory(*reader);
    CHECK(rework::BlockStream(*reader, 4, least).threads() == 1);
    CHECK_THROWS_WITH(rework::BlockStream(*reader, 1, least - 1),
                      Catch::Contains("not enough memory") &&
                          Catch::Contains(core::format_size(least)));
}

TEST_CASE("what cannot be read as an array is refused") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "odd.h5";
    {
        const auto file = store::hdf5::create_file(path, store::hdf5::file_creation(),
                                                   store::hdf5::file_access());
        const auto creation = store::hdf5::dataset_creation();
        store::hdf5::create_dataset(file.get(), "scalar", H5T_IEEE_F32LE,
                                    store::hdf5::scalar_space(), creation);
        const store::hdf5::Type text(H5Tcopy(H5T_C_S1));
        H5Tset_size(text.get(), H5T_VARIABLE);
        const std::vector<hsize_t> three{3};
        store::hdf5::create_dataset(file.get(), "text", text.get(),
                                    store::hdf5::simple_space(three), creation);
    }
    CHECK_THROWS_WITH(open(path, "scalar"), Catch::Contains("0 axes"));
    CHECK_THROWS_WITH(open(path, "text"), Catch::Contains("no fixed size"));
    CHECK_THROWS_WITH(open(path, "none"), Catch::Contains("no such dataset"));
}
