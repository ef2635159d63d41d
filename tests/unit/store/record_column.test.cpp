#include "store/record_column.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "catch.hpp"
#include "error_of.hpp"
#include "temporary_directory.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace test = morphogen::test;
using morphogen::core::Index;

namespace {

constexpr Index chunk_length = 8;

hdf5::Properties chunked_column() {
    const std::array<hsize_t, 1> chunk{chunk_length};
    hdf5::Properties creation = hdf5::dataset_creation();
    hdf5::set_chunk(creation, chunk);
    hdf5::set_fill(creation, std::nan(""));
    return creation;
}

hdf5::Dataset create(const hdf5::File& file, const hdf5::Properties& creation,
                     hid_t type = H5T_IEEE_F64LE) {
    const std::array<hsize_t, 1> none{0};
    const std::array<hsize_t, 1> unlimited{H5S_UNLIMITED};
    return hdf5::create_dataset(file.get(), "column", type, hdf5::simple_space(none, unlimited),
                                creation);
}

hdf5::File new_file(const std::filesystem::path& path) {
    return hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
}

store::RecordColumn open_column(const hdf5::File& file) {
    return {hdf5::open_dataset(file.get(), "column", hdf5::uncached_dataset()), H5T_IEEE_F64LE,
            store::Writers::alone};
}

/// first, first + 1, ... as the column takes them.
std::vector<std::uint64_t> counted(Index first, Index count) {
    std::vector<std::uint64_t> values;
    for (Index i = 0; i < count; ++i)
        values.push_back(std::bit_cast<std::uint64_t>(static_cast<double>(first + i)));
    return values;
}

/// A new file whose column holds 0, 1, ...
void make_column(const std::filesystem::path& path, Index count) {
    const auto file = new_file(path);
    create(file, chunked_column());
    auto column = open_column(file);
    column.write(0, counted(0, count));
    column.close();
}

std::vector<double> read_all(const std::filesystem::path& path) {
    const auto file = hdf5::open_file(path, hdf5::Mode::read);
    const auto column = hdf5::open_dataset(file.get(), "column");
    const auto space = hdf5::space_of(column);
    std::vector<double> values(static_cast<std::size_t>(hdf5::shape_of(space).front()));
    hdf5::read(column, H5T_NATIVE_DOUBLE, space, space, values.data());
    return values;
}

} // namespace

TEST_CASE("a column's values come back whatever the appends that brought them") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "column.h5";
    Index length = 0;
    {
        const auto file = new_file(path);
        create(file, chunked_column());
        auto column = open_column(file);
        for (const Index count : {1, 6, 1, 8, 3, 0, 20, 4}) {
            column.write(length, counted(length, count));
            length += count;
        }
        CHECK(column.length() == length);
        column.close();
    }
    { // another process goes on, in the middle of a chunk
        const auto file = hdf5::open_file(path, hdf5::Mode::write);
        auto column = open_column(file);
        REQUIRE(column.length() == length);
        REQUIRE(length % chunk_length != 0);
        column.write(length, counted(length, 3));
        column.write(length + 3, counted(length + 3, chunk_length));
        length += 3 + chunk_length;
        column.close();
    }
    const auto values = read_all(path);
    REQUIRE(values.size() == static_cast<std::size_t>(length));
    for (Index i = 0; i < length; ++i)
        CHECK(values[static_cast<std::size_t>(i)] == static_cast<double>(i));
}

TEST_CASE("values written again take the places of the old ones, and no others") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "column.h5";
    make_column(path, 21);
    {
        const auto file = hdf5::open_file(path, hdf5::Mode::write);
        auto column = open_column(file);
        column.write(6, counted(106, 4)); // across the end of a chunk
        CHECK(column.length() == 21);
        column.close();
    }
    const auto values = read_all(path);
    REQUIRE(values.size() == 21);
    for (std::size_t i = 0; i < values.size(); ++i)
        CHECK(values[i] == static_cast<double>(i >= 6 && i < 10 ? 100 + i : i));
}

TEST_CASE("what lies beyond a column's end is fill when it grows by another hand") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "column.h5";
    make_column(path, 3);
    {
        const auto file = hdf5::open_file(path, hdf5::Mode::write);
        const std::array<hsize_t, 1> longer{5};
        hdf5::resize(hdf5::open_dataset(file.get(), "column"), longer);
    }
    const auto values = read_all(path);
    REQUIRE(values.size() == 5);
    CHECK(values[2] == 2.0);
    CHECK(std::isnan(values[3]));
    CHECK(std::isnan(values[4]));
}

TEST_CASE("a flush of the file, or of the column alone, writes the length that is held back") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "column.h5";
    {
        const auto file = new_file(path);
        create(file, chunked_column());
    }
    const auto file = hdf5::open_file(path, hdf5::Mode::write_swmr, hdf5::file_access_appending());
    auto column = open_column(file);
    const auto seen = [&](const char* copy) { // within a process the library shares an open file
        std::filesystem::copy_file(path, directory / copy);
        const auto read = hdf5::open_file(directory / copy, hdf5::Mode::read_swmr);
        return hdf5::shape_of(hdf5::open_dataset(read.get(), "column")).front();
    };
    column.write(0, counted(0, 2));
    hdf5::flush_file(file);
    CHECK(seen("file.h5") == 2);
    column.write(2, counted(2, 1));
    hdf5::flush_dataset(column.dataset());
    CHECK(seen("column.copy.h5") == 3);
    column.close();
}

TEST_CASE("a column that runs do not write like that is refused") {
    const test::TemporaryDirectory directory;
    const auto file = new_file(directory / "column.h5");
    SECTION("compressed") {
        const hdf5::Properties creation = chunked_column();
        REQUIRE(H5Pset_deflate(creation.get(), 1) >= 0);
        create(file, creation);
    }
    SECTION("of other numbers") {
        create(file, chunked_column(),
               GENERATE(as<hid_t>(), H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_STD_I64LE));
    }
    SECTION("in one piece") {
        const std::array<hsize_t, 1> three{3};
        hdf5::create_dataset(file.get(), "column", H5T_IEEE_F64LE, hdf5::simple_space(three),
                             hdf5::dataset_creation());
    }
    const std::string error = test::error_of([&] { open_column(file); });
    CHECK(error.find("a column of the run cannot be appended to") == 0);
    CHECK(error.find("column.h5, /column") != std::string::npos);
    CHECK(error.find("without filters") != std::string::npos);
}
