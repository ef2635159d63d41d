#include "morphogen/rework/block_stream.hpp"

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "temporary_directory.hpp"

#include <atomic>
#include <fstream>
#include <memory>

using namespace morphogen;
using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;
using test::SampleDataset;

namespace {

constexpr std::uint64_t plenty = std::uint64_t{1} << 26;

std::unique_ptr<DatasetReader> open(const std::filesystem::path& path,
                                    const std::string& name = "data") {
    return std::make_unique<DatasetReader>(std::make_shared<store::FileReader>(path), name);
}

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
    const auto use = [&](const rework::BlockView&, int) { ++used; };
    CHECK_THROWS_WITH(stream.for_each(blocks, {use}), Catch::Contains("cannot decode chunk") &&
                                                          Catch::Contains("bad.h5, /data") &&
                                                          Catch::Contains("chunk at (2, 0, 0)"));
    used = 0;
    std::vector<Index> done;
    std::vector<Index> failed;
    stream.for_each(blocks, {use, [&](Index n) { done.push_back(n); },
                             [&](Index n, const std::exception_ptr&) { failed.push_back(n); }});
    CHECK(used == 3);
    CHECK(done == std::vector<Index>{0, 1, 3});
    CHECK(failed == std::vector<Index>{2});
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
