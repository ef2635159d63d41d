#include "morphogen/rework/gather.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"

#include "catch.hpp"
#include "small_files.hpp"
#include "watchdog.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

using namespace morphogen;
using core::Index;
using test::item_cells;
using test::item_values;
using test::SmallFile;
using test::SmallFiles;
using test::write_small_file;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

bool same(double a, double b) {
    return a == b || (std::isnan(a) && std::isnan(b));
}

/// Whether the items of /data are those of @p files, in order; -1 stands for missing values.
bool holds_items(const SmallFiles& made, const std::vector<int>& files) {
    const std::vector<double> data = made.data();
    if (data.size() != files.size() * item_cells) return false;
    for (std::size_t n = 0; n < files.size(); ++n) {
        const auto wanted =
            files[n] < 0 ? std::vector<double>(item_cells, missing) : item_values(files[n]);
        if (!std::equal(wanted.begin(), wanted.end(),
                        data.begin() + static_cast<std::ptrdiff_t>(n * item_cells), same))
            return false;
    }
    return true;
}

/// The least memory that gather says would do.
std::uint64_t least_memory(SmallFiles& made) {
    made.options.memory = 1;
    try {
        made.gather();
    } catch (const core::UsageError& error) {
        const std::string text = error.what();
        const auto at = text.rfind("--memory ");
        return core::parse_size(text.substr(at + 9, text.rfind(')') - at - 9));
    }
    return 0;
}

} // namespace

TEST_CASE("files become items, in the order of the list") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(9);
    for (const int threads : {1, 2, 3}) {
        made.options.threads = threads;
        const auto result = made.gather();
        CHECK(result.shape == std::vector<Index>{9, 5, 7});
        CHECK(result.files == 9);
        CHECK(result.failed == 0);
        CHECK(result.dataset == "/v");
        CHECK(holds_items(made, {0, 1, 2, 3, 4, 5, 6, 7, 8}));
        CHECK(made.sources().at(8) == "f8.h5");
    }
    CHECK(made.notes.empty());
}

TEST_CASE("groups by a pattern come in the order in which they appear") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(7);
    // The directory has a random name, in which an f and a digit may stand.
    made.options.group_by = "/f([0-9])"; // each its own
    CHECK(made.gather().shape == std::vector<Index>{7, 1, 5, 7});
    made.options.group_by = "/f[135]|/f[0246]"; // without a capture: the whole match
    CHECK(made.gather().groups == 7);
    made.options.group_by = "([35]|[^35])\\.h5";
    CHECK(made.gather().groups == 7);
    made.list = {};
    for (const int i : {4, 1, 6, 3, 0})
        made.list.add((made.directory / ("f" + std::to_string(i) + ".h5")).native());
    made.options.group_by = "/f(?:[135]()|[0246])"; // an empty capture, or none: the same
    CHECK(made.gather().groups == 1);
    made.options.group_by = "/f[46]|/f[0-3]";
    CHECK(made.gather().groups == 5);
}

TEST_CASE("groups of different sizes are filled up") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(0);
    for (const char* name : {"b1", "a1", "b2", "a2", "b3"}) {
        const auto path = made.directory / (std::string(name) + ".h5");
        write_small_file(path, item_values(static_cast<int>(made.list.size())));
        made.list.add(path.native());
    }
    made.options.group_by = "/([ab])[0-9]";
    for (const Index items : {1, 2, 3}) {
        made.options.chunks = {1, items, 5, 7};
        CHECK(made.gather().shape == std::vector<Index>{2, 3, 5, 7});
        CHECK(holds_items(made, {0, 2, 4, 1, 3, -1}));
    }
    CHECK(made.sources() ==
          std::vector<std::string>{"b1.h5", "b2.h5", "b3.h5", "a1.h5", "a2.h5", ""});
    made.options.group_by.clear();
    made.options.group_size = 2;
    made.options.chunks.clear();
    CHECK(made.gather().shape == std::vector<Index>{3, 2, 5, 7});
    CHECK(holds_items(made, {0, 1, 2, 3, 4, -1}));
}

TEST_CASE("every chunk shape holds the same, within the least memory too") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(60));
    SmallFiles made(8);
    made.options.group_size = 4;
    for (const auto& chunk : std::vector<std::vector<Index>>{
             {1, 1, 5, 7}, {1, 3, 5, 7}, {1, 4, 2, 3}, {1, 1, 1, 7}, {1, 9, 9, 9}}) {
        made.options.chunks = chunk;
        for (const int threads : {1, 3}) {
            made.options.threads = threads;
            const std::uint64_t least = least_memory(made);
            CAPTURE(chunk, threads, least);
            REQUIRE(least > 0);
            CHECK(made.nothing_left());
            for (const std::uint64_t memory : {least, 2 * least, std::uint64_t{1} << 30}) {
                made.options.memory = memory;
                CHECK(made.gather().memory <= memory);
                CHECK(holds_items(made, {0, 1, 2, 3, 4, 5, 6, 7}));
            }
            std::filesystem::remove(made.out);
            made.options.memory = least - 1;
            CHECK_THROWS_AS(made.gather(), core::UsageError);
        }
    }
}

TEST_CASE("groups are reduced") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(60));
    SmallFiles made(7);
    made.options.group_size = 3;
    const auto expected = [&](std::size_t group, std::size_t cell) {
        double sum = 0;
        double low = 1e9;
        double high = -1e9;
        double count = 0;
        for (std::size_t f = 3 * group; f < std::min<std::size_t>(7, 3 * group + 3); ++f) {
            const double value = item_values(static_cast<int>(f))[cell];
            sum += value;
            low = std::min(low, value);
            high = std::max(high, value);
            ++count;
        }
        if (made.options.reduction == rework::Reduction::min) return low;
        if (made.options.reduction == rework::Reduction::max) return high;
        return static_cast<double>(static_cast<float>(sum / count));
    };
    for (const auto reduction :
         {rework::Reduction::mean, rework::Reduction::min, rework::Reduction::max})
        for (const auto& chunk :
             std::vector<std::vector<Index>>{{}, {1, 2, 3}, {2, 5, 7}, {3, 5, 7}}) {
            made.options.reduction = reduction;
            made.options.chunks = chunk;
            const std::uint64_t least = least_memory(made);
            for (const std::uint64_t memory : {least, std::uint64_t{1} << 30}) {
                CAPTURE(chunk, memory);
                made.options.memory = memory;
                CHECK(made.gather().shape == std::vector<Index>{3, 5, 7});
                const auto data = made.data();
                std::size_t wrong = 0;
                for (std::size_t i = 0; i < data.size(); ++i)
                    wrong += data[i] != expected(i / item_cells, i % item_cells);
                CHECK(wrong == 0);
            }
        }
    CHECK(made.sources().size() == 9);
}

TEST_CASE("the mean of integers is a float64; without groups there is one") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(2, {.type = H5T_STD_I16BE});
    made.options.reduction = rework::Reduction::mean;
    const auto result = made.gather();
    CHECK(result.shape == std::vector<Index>{1, 5, 7});
    CHECK(result.type == store::NumberType::f64);
    const auto data = made.data();
    CHECK(data[1] == (item_values(0)[1] + item_values(1)[1]) / 2);
    made.options.reduction = rework::Reduction::max;
    CHECK(made.gather().type == store::NumberType::i16);
}

TEST_CASE("a NaN stays one") {
    const test::Watchdog watchdog("gather");
    for (const int where : {0, 1, 2}) {
        SmallFiles made(3);
        auto values = item_values(where);
        values[4] = missing;
        write_small_file(made.path(where), values);
        for (const auto reduction :
             {rework::Reduction::mean, rework::Reduction::min, rework::Reduction::max}) {
            made.options.reduction = reduction;
            made.gather();
            CHECK(std::isnan(made.data()[4]));
            CHECK_FALSE(std::isnan(made.data()[5]));
        }
    }
}

TEST_CASE("every type and layout that files have is read") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(60));
    const auto scaled = [](const test::hdf5::Properties& creation) {
        H5Pset_scaleoffset(creation.get(), H5Z_SO_INT, 0);
    };
    const auto compact = [](const test::hdf5::Properties& creation) {
        H5Pset_layout(creation.get(), H5D_COMPACT);
    };
    const auto edges_unfiltered = [](const test::hdf5::Properties& creation) {
        H5Pset_chunk_opts(creation.get(), H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
    };
    const auto shuffle_last = [](const test::hdf5::Properties& creation) {
        H5Pset_deflate(creation.get(), 4);
        H5Pset_shuffle(creation.get());
    };
    const std::vector<SmallFile> kinds{
        {},
        {.filtered = false, .adjust = shuffle_last},
        {.filtered = false},
        {.chunk = {}},
        {.chunk = {2, 3}},
        {.chunk = {2, 3}, .filtered = false},
        {.chunk = {2, 3}, .adjust = edges_unfiltered},
        {.chunk = {1, 1}}, // 35 chunks
        {.chunk = {}, .adjust = compact},
        {.type = H5T_IEEE_F32BE},
        {.type = H5T_IEEE_F64BE, .chunk = {3, 7}},
        {.type = H5T_STD_U8LE},
        {.type = H5T_STD_I64BE, .chunk = {}},
        {.type = H5T_STD_I32LE, .filtered = false, .adjust = scaled}};
    for (std::size_t k = 0; k < kinds.size(); ++k) {
        CAPTURE(k);
        SmallFiles made(5, kinds[k]);
        made.gather();
        CHECK(holds_items(made, {0, 1, 2, 3, 4}));
    }
}

TEST_CASE("files of one kind of number may store it differently") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(5);
    write_small_file(made.path(1), item_values(1), {.type = H5T_IEEE_F32BE, .chunk = {}});
    write_small_file(made.path(2), item_values(2), {.chunk = {2, 2}});
    write_small_file(made.path(3), item_values(3), {.filtered = false});
    made.gather();
    CHECK(holds_items(made, {0, 1, 2, 3, 4}));
}

TEST_CASE("chunks that were never written are the file's own fill value") {
    const test::Watchdog watchdog("gather");
    const auto seven = [](const test::hdf5::Properties& creation) {
        test::hdf5::set_fill(creation, 7.0);
    };
    SmallFiles made(2);
    write_small_file(made.path(1), {}, {.chunk = {2, 2}, .adjust = seven});
    made.gather();
    const auto data = made.data();
    CHECK(std::all_of(data.begin() + item_cells, data.end(), [](double v) { return v == 7.0; }));
}

TEST_CASE("a user block before the file does not shift its values") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(1);
    const auto creation = test::hdf5::file_creation();
    H5Pset_userblock(creation.get(), 512);
    {
        const auto file =
            test::hdf5::create_file(made.path(0), creation, test::hdf5::file_access());
        const auto dataset = test::hdf5::create_dataset(file.get(), "v", H5T_IEEE_F32LE,
                                                        test::hdf5::simple_space(test::item_shape),
                                                        test::hdf5::dataset_creation());
        test::hdf5::write(dataset, H5T_NATIVE_DOUBLE, item_values(0).data());
    }
    made.gather();
    CHECK(holds_items(made, {0}));
}

TEST_CASE("scalars and other small items share chunks") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(0);
    for (int i = 0; i < 20; ++i) {
        write_small_file(made.path(i), {static_cast<double>(i)}, {.shape = {}, .chunk = {}});
        made.list.add(made.path(i).native());
    }
    const auto result = made.gather();
    CHECK(result.shape == std::vector<Index>{20});
    CHECK(result.chunk == std::vector<Index>{20});
    CHECK(made.data()[13] == 13.0);
}

TEST_CASE("raw files of either byte order are read") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(0);
    for (int i = 0; i < 3; ++i) {
        const auto path = made.directory / std::to_string(i);
        std::ofstream file(path, std::ios::binary);
        for (int k = 0; k < 6; ++k)
            file.put(static_cast<char>(i)).put(static_cast<char>(k)); // big-endian 256 i + k
        made.list.add(path.native());
    }
    made.options.raw = rework::parse_raw_format("u16be:2x3");
    CHECK(made.gather().shape == std::vector<Index>{3, 2, 3});
    CHECK(made.data()[6 + 4] == 256.0 + 4.0);
    made.options.raw = rework::parse_raw_format("<u2:6");
    made.gather();
    CHECK(made.data()[6 + 4] == 4.0 * 256.0 + 1.0);
    made.options.raw = rework::parse_raw_format("f64:1");
    CHECK_THROWS_WITH(made.gather(), Catch::Contains("12 bytes"));
}

TEST_CASE("a directory stands for its files by name; a list for its lines") {
    SmallFiles made(0);
    std::filesystem::create_directory(made.directory / "in");
    for (const char* name : {"c", "a", "b"})
        std::ofstream(made.directory / "in" / name) << name;
    std::filesystem::create_directory(made.directory / "in" / "deeper");
    const auto found = rework::list_files({"z", (made.directory / "in").native()});
    REQUIRE(found.size() == 4);
    CHECK(found[0] == "z");
    CHECK(found[1].ends_with("/a"));
    CHECK(found[3].ends_with("/c"));
    std::ofstream(made.directory / "list") << "y\n\nx\r\nz";
    auto list = rework::read_file_list(made.directory / "list");
    REQUIRE(list.size() == 3);
    CHECK(list[1] == "x");
    list.sort();
    CHECK(list[0] == "x");
    CHECK(list[2] == "z");
    CHECK_THROWS_AS(rework::read_file_list(made.directory / "no"), core::Error);
}

TEST_CASE("options are read, and refused") {
    CHECK(rework::parse_chunks("1,64,32") == std::vector<Index>{1, 64, 32});
    for (const char* text : {"", "1,", ",1", "0", "1x2", "-1", "a", "99999999999999999999"})
        CHECK_THROWS_AS(rework::parse_chunks(text), core::UsageError);
    const auto raw = rework::parse_raw_format(">f4:8x9");
    CHECK(raw.type.type == store::NumberType::f32);
    CHECK(raw.type.swapped);
    CHECK(raw.shape == std::vector<Index>{8, 9});
    CHECK_FALSE(rework::parse_raw_format("int16le:3").type.swapped);
    CHECK(rework::parse_raw_format("u8:1,2,3").shape.size() == 3);
    for (const char* text : {"f32", "f32:", ":3", "f16:3", "f4:3", "<f32:3", "f32:3x", "f32bex:3",
                             "f32:1x1x1x1x1x1x1x1", "<<f4:1"})
        CHECK_THROWS_AS(rework::parse_raw_format(text), core::UsageError);
    CHECK(rework::parse_reduction("max") == rework::Reduction::max);
    CHECK_THROWS_AS(rework::parse_reduction("sum"), core::UsageError);
}
