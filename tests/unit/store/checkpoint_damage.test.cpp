#include "morphogen/core/error.hpp"
#include "morphogen/store/checkpoint.hpp"

#include "catch.hpp"
#include "sample_checkpoint.hpp"
#include "temporary_directory.hpp"

#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

using namespace morphogen;
using test::SampleCheckpoint;
namespace fs = std::filesystem;

namespace {

std::string bytes_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void put(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string all(const std::vector<std::string>& problems) {
    std::ostringstream text;
    for (const auto& problem : problems)
        text << problem << '\n';
    return text.str();
}

struct Written {
    explicit Written(core::Precision precision = core::Precision::f32) : sample(2, precision) {
        sample.write(run, 100, sample.split(1, 2, 2));
        entry = store::list_checkpoints(run).front();
    }
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample;
    store::CheckpointEntry entry;
};

} // namespace

TEST_CASE("damage is told: which file, where, and why") {
    Written w;
    const auto piece = w.entry.directory / "0002.h5";
    const std::string good = bytes_of(piece);
    const auto problems = [&] { return store::check_checkpoint(w.entry); };
    const core::Box block = w.sample.split(1, 2, 2)[2];

    SECTION("a flipped bit of the cells") {
        const auto cells = w.sample.cells(core::Field::v, block);
        const std::string_view wanted(reinterpret_cast<const char*>(cells.data()), cells.size());
        std::string bad = good;
        const auto at = bad.find(wanted);
        REQUIRE(at != std::string::npos);
        bad[at + 17] = static_cast<char>(bad[at + 17] ^ 0x10);
        put(piece, bad);
        CHECK(problems().size() == 1);
        CHECK_THAT(all(problems()), Catch::Contains("0002.h5, /v, offset " + std::to_string(at)) &&
                                        Catch::Contains("checksum"));
        // Who reads other pieces is not told; who reads this one is.
        CHECK(w.sample.reads_back(w.entry, {w.sample.split(1, 2, 2)[1]}));
        CHECK_THROWS_WITH(w.sample.reads_back(w.entry, w.sample.split(1, 1, 1)),
                          Catch::Contains("0002.h5, /v"));
    }
    SECTION("cut off") {
        put(piece, good.substr(0, good.size() - 100));
        CHECK_THAT(all(problems()), Catch::Contains("0002.h5") && Catch::Contains("truncated"));
    }
    SECTION("missing") {
        fs::remove(piece);
        CHECK_THAT(all(problems()), Catch::Contains("0002.h5") && Catch::Contains("No such file"));
        CHECK(store::check_checkpoint(w.entry, 0, 3).empty()); // another share's
        CHECK(store::check_checkpoint(w.entry, 2, 3).size() == 1);
    }
    SECTION("of another rank") {
        fs::copy_file(w.entry.directory / "0001.h5", piece, fs::copy_options::overwrite_existing);
        CHECK_THAT(all(problems()), Catch::Contains("does not belong") && Catch::Contains("rank"));
    }
    SECTION("of another step") {
        w.sample.write(w.run, 200, w.sample.split(1, 2, 2));
        const auto newer = store::list_checkpoints(w.run).front();
        fs::copy_file(newer.directory / "0002.h5", piece, fs::copy_options::overwrite_existing);
        CHECK_THAT(all(problems()),
                   Catch::Contains("0002.h5, step") && Catch::Contains("it is 200"));
    }
    SECTION("no state, or another's") {
        const auto state = w.entry.state();
        fs::remove(state);
        CHECK_THAT(all(problems()), Catch::Contains("state.h5") && Catch::Contains("No such file"));
        w.sample.write(w.run, 200, w.sample.split(1, 2, 2));
        fs::copy_file(store::list_checkpoints(w.run).front().state(), state);
        CHECK_THAT(all(problems()), Catch::Contains("its directory's name says 100"));
        put(state, "not HDF5");
        CHECK_THROWS_AS(store::read_checkpoint_header(w.entry), core::Error);
    }
    SECTION("directories in the place of files") {
        fs::remove(piece);
        fs::create_directory(piece);
        CHECK(problems().size() == 1);
    }
    SECTION("a directory that may not be written") {
        const auto before = all(problems());
        if (::geteuid() == 0) {
            // root may write anywhere: a file where the directory should be does the same
            fs::remove_all(w.run.checkpoints());
            put(w.run.checkpoints(), "");
        } else {
            fs::permissions(w.run.checkpoints(), fs::perms::owner_read | fs::perms::owner_exec);
        }
        CHECK_THROWS_WITH(w.sample.write(w.run, 300, w.sample.split(1, 1, 1)),
                          Catch::Contains("checkpoints"));
        if (::geteuid() != 0) fs::permissions(w.run.checkpoints(), fs::perms::owner_all);
    }
}

TEST_CASE("whatever byte is damaged: told, or harmless; never a crash") {
    Written w(core::Precision::f64);
    const auto blocks = w.sample.split(1, 1, 1);
    const std::vector<fs::path> files{w.entry.state(), w.entry.directory / "0000.h5",
                                      w.entry.directory / "0003.h5"};
    std::mt19937_64 random(20261125);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    int told = 0;
    constexpr int cases = 1500;
    for (int i = 0; i < cases; ++i) {
        const fs::path& file = files[below(files.size())];
        const std::string good = bytes_of(file);
        std::string bad = good;
        const std::size_t at = below(bad.size());
        if (i % 5 == 0)
            bad.resize(at);
        else
            bad[at] = static_cast<char>(bad[at] ^ (1 + static_cast<int>(below(255))));
        INFO(file.filename() << (i % 5 == 0 ? " cut off at " : " flipped at ") << at);
        put(file, bad);
        if (store::check_checkpoint(w.entry).empty()) {
            CHECK(w.sample.reads_back(w.entry, blocks));
            const auto header = store::read_checkpoint_header(w.entry);
            CHECK(header.config_toml == w.sample.header.config_toml);
            CHECK(header.frames == w.sample.header.frames);
        } else {
            ++told;
        }
        put(file, good);
    }
    CHECK(told > cases * 2 / 3); // the rest lies in nobody's bytes
    CHECK(store::check_checkpoint(w.entry).empty());
}
