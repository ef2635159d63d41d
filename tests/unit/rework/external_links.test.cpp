#include "morphogen/core/error.hpp"
#include "morphogen/rework/diff.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/rework/open_dataset.hpp"
#include "morphogen/rework/rechunk.hpp"
#include "morphogen/rework/verify.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "killed_run.hpp"
#include "linked_files.hpp"
#include "own_links.hpp"
#include "small_files.hpp"
#include "support.hpp"
#include "watchdog.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace morphogen;
using test::budget;
using test::item_values;
using test::link_to;
using test::SmallFile;
using test::SmallFiles;
using test::write_links;
using test::write_small_file;
using test::write_virtual;
namespace fs = std::filesystem;
namespace hdf5 = test::hdf5;

TEST_CASE("gather reads what external links lead to") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(60));
    const std::vector<SmallFile> kinds{{}, {.chunk = {}}, {.chunk = {2, 3}}};
    for (const SmallFile& kind : kinds)
        for (const char* name : {"direct", "group/v", "soft"}) {
            CAPTURE(kind.chunk, name);
            SmallFiles made(0);
            for (int i = 0; i < 3; ++i) {
                const std::string target = "t" + std::to_string(i) + ".h5";
                write_small_file(made.directory / target, item_values(i), kind);
                write_links(made.path(i), target.c_str());
                made.list.add(made.path(i).native());
            }
            made.options.dataset = name;
            made.gather();
            std::vector<double> expected;
            for (int i = 0; i < 3; ++i)
                for (const double value : item_values(i))
                    expected.push_back(value);
            CHECK(made.data() == expected);

            fs::remove(made.directory / "t1.h5");
            CHECK_THROWS_WITH(made.gather(), Catch::Contains(made.path(1).native()));
        }
}

TEST_CASE("diff compares what external links lead to, and tells which it does not follow") {
    const test::Watchdog watchdog("diff");
    const test::TemporaryDirectory directory;
    write_small_file(directory / "one.h5", item_values(1));
    write_small_file(directory / "two.h5", item_values(2));
    write_links(directory / "a.h5", "one.h5");
    write_links(directory / "b.h5", "two.h5");
    write_links(directory / "c.h5", "one.h5");
    const auto diff = [&](const char* other, std::vector<std::string> datasets = {}) {
        return rework::diff(directory / "a.h5", directory / other,
                            {.budget = budget, .datasets = std::move(datasets)});
    };
    const auto all = diff("b.h5");
    REQUIRE(all.size() == 3);
    CHECK(all[0].path == "/direct");
    CHECK(all[0].different > 0);
    CHECK(all[1].path == "/group");
    CHECK_FALSE(all[1].skipped.empty());
    CHECK(all[2].path == "/own");
    CHECK(all[2].same());
    CHECK(diff("c.h5").front().same());
    for (const char* name : {"direct", "group/v", "soft"}) {
        CAPTURE(name);
        CHECK(diff("b.h5", {name}).front().differs());
        CHECK(diff("c.h5", {name}).front().same());
    }
    fs::remove(directory / "two.h5");
    CHECK(diff("b.h5").front().why.find("only in") != std::string::npos);
    const auto skipped = [&](const char* name) {
        for (const auto& result : diff("c.h5"))
            if (result.path == name) return !result.skipped.empty();
        return false;
    };
    {
        const auto a_file = hdf5::open_file(directory / "a.h5", hdf5::Mode::write);
        const auto one = hdf5::open_file(directory / "one.h5", hdf5::Mode::write);
        link_to(a_file, "one.h5", "/circle", "circle");
        link_to(one, "a.h5", "/circle", "circle");
        link_to(a_file, "one.h5", "/away", "away");
        REQUIRE(H5Lcreate_soft("/nothing", one.get(), "away", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    }
    CHECK(skipped("/circle"));
    CHECK(skipped("/away"));
    // What is there and damaged is no link to nothing.
    test::damage_header(directory / "one.h5", "v");
    CHECK_THROWS_WITH(diff("c.h5"), Catch::Contains("one.h5, /v"));
    CHECK(H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_FILE) == 0);
    std::ofstream(directory / "one.h5") << "no HDF5 file";
    CHECK(skipped("/direct"));
}

TEST_CASE("verify looks behind external links, once into each file, and tells those to nothing") {
    const test::Watchdog watchdog("verify");
    const test::TemporaryDirectory directory;
    fs::create_directory(directory / "there");
    const fs::path target = directory / "there/target.h5";
    write_small_file(target, item_values(1));
    write_links(directory / "link.h5", "there/target.h5"); // two of them, and a soft link
    link_to(hdf5::open_file(target, hdf5::Mode::write), "../link.h5", "/own", "back");
    std::vector<std::string> problems;
    const auto verify = [&] {
        problems.clear();
        return rework::verify(directory / "link.h5", budget,
                              [&](const std::string& problem) { problems.push_back(problem); });
    };
    const rework::VerifyResult whole = verify();
    CHECK(problems.empty());
    CHECK(whole.files == 2);
    CHECK(whole.datasets == 2);
    CHECK(whole.external_links == 3);

    const haddr_t chunk = test::chunk_address(target, "v", {0, 0});
    test::flip(target, static_cast<std::streamoff>(chunk) + 12);
    static_cast<void>(verify());
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems.front(), Catch::Contains("there/target.h5, /v"));

    fs::remove(target);
    CHECK(verify().files == 1);
    REQUIRE(problems.size() == 2);
    CHECK_THAT(problems.front(), Catch::Contains("an external link leads to nothing") &&
                                     Catch::Contains("link.h5, /direct") &&
                                     Catch::Contains("there/target.h5, /v"));
}

TEST_CASE("external links are followed to where the library finds their files") {
    const test::Watchdog watchdog("links", std::chrono::seconds(60));
    const test::TemporaryDirectory directory;
    fs::create_directory(directory / "sub");
    write_small_file(directory / "t.h5", item_values(1));
    write_small_file(directory / "sub/a.h5", item_values(2), {.dataset = "own"});
    fs::create_symlink("sub/a.h5", directory / "a.h5");
    {
        const auto file = hdf5::open_file(directory / "sub/a.h5", hdf5::Mode::write);
        link_to(file, "../t.h5", "v", "chained"); // beside the file that the symbolic link names
    }
    write_small_file(directory / "first.h5", item_values(3), {.dataset = "own"});
    link_to(hdf5::open_file(directory / "first.h5", hdf5::Mode::write), "sub/a.h5", "/chained",
            "link");
    const auto diff = [&](const char* file) {
        return rework::diff(directory / file, directory / file, {.budget = budget});
    };
    for (const char* file : {"a.h5", "first.h5"}) {
        CAPTURE(file);
        const auto results = diff(file);
        REQUIRE(results.size() == 2);
        CHECK((results[0].same() && results[0].skipped.empty()));
    }
    test::damage_header(directory / "t.h5", "v");
    for (const char* file : {"a.h5", "first.h5"})
        CHECK_THROWS_WITH(diff(file), Catch::Contains("t.h5, v"));
    std::vector<std::string> problems;
    rework::verify(directory / "first.h5", budget,
                   [&](const std::string& problem) { problems.push_back(problem); });
    CHECK(test::mentions(problems, "t.h5, /v"));
    CHECK(H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_FILE) == 0);
}

TEST_CASE("a pipe where a file should be is told, not waited for") {
    const test::Watchdog watchdog("pipe");
    const test::TemporaryDirectory directory;
    const fs::path pipe = directory / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    write_links(directory / "link.h5", "pipe");
    write_virtual(directory / "virtual.h5", "pipe");
    CHECK_THROWS_WITH(store::FileReader(pipe), Catch::Contains("it is a pipe"));
    std::vector<std::string> problems;
    rework::verify(directory / "link.h5", budget,
                   [&](const std::string& problem) { problems.push_back(problem); });
    CHECK(problems.size() == 2);
    CHECK(test::mentions(problems, "it is a pipe"));
    CHECK(rework::diff(directory / "link.h5", directory / "link.h5", {.budget = budget}).size() ==
          3);
    CHECK_THROWS_WITH(rework::open_dataset(directory / "virtual.h5", "all"),
                      Catch::Contains("it is a pipe"));
}

TEST_CASE("verify looks at a file behind a link that a writer has, or had") {
    const test::Watchdog watchdog("verify");
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 3);
    write_small_file(directory / "link.h5", item_values(1));
    {
        const auto file = hdf5::open_file(directory / "link.h5", hdf5::Mode::write);
        link_to(file, "frames.h5", "/v", "killed");
        link_to(file, "link.h5", "/none", "missing"); // the file is there, the object is not
    }
    std::vector<std::string> problems;
    const rework::VerifyResult result =
        rework::verify(directory / "link.h5", budget,
                       [&](const std::string& problem) { problems.push_back(problem); });
    CHECK(result.files == 2);
    CHECK(result.external_links == 1);
    REQUIRE(problems.size() == 2);
    CHECK_THAT(problems[0], Catch::Contains("leads to nothing") && Catch::Contains("/missing"));
    CHECK_THAT(problems[1], Catch::Contains("file is not closed") && Catch::Contains("frames.h5"));
}

TEST_CASE("info shows external links, whether there is anything behind them or not") {
    const test::TemporaryDirectory directory;
    write_links(directory / "link.h5", "one.h5");
    const rework::FileDescription d = rework::describe(directory / "link.h5");
    CHECK(d.problems.empty());
    REQUIRE(d.external_links.size() == 2);
    CHECK(d.external_links[0].path == "/direct");
    CHECK_THAT(rework::to_text(d), Catch::Contains("external links\n  /direct  to one.h5, /v\n"));
    CHECK_THAT(rework::to_json(d),
               Catch::Contains(R"({"path": "/group", "file": "one.h5", "object": "/"})"));
}

TEST_CASE("links of a program's own kind are told: by info, verify and rechunk") {
    const test::Watchdog watchdog("own links");
    const test::TemporaryDirectory directory;
    const fs::path path = directory / "own.h5";
    write_small_file(path, item_values(1));
    {
        const test::OwnLinks links;
        links.add(hdf5::open_file(path, hdf5::Mode::write).get(), "own");
    }
    const rework::FileDescription d = rework::describe(path);
    CHECK(d.problems.empty());
    CHECK(d.unknown_links == std::vector<std::string>{"/own"});
    CHECK_THAT(rework::to_text(d),
               Catch::Contains("links of another program's own kind\n  /own\n"));
    CHECK_THAT(rework::to_json(d),
               Catch::Contains(R"("unknown_links")") && Catch::Contains(R"("/own")"));
    const rework::VerifyResult result = rework::verify(path, budget, {});
    CHECK(test::mentions(result.unchecked, "own.h5, /own"));
    const auto rechunked = rework::rechunk(
        path, directory / "out.h5", {.chunks = {1, 2}, .threads = 1, .memory = budget.memory});
    CHECK(test::mentions(rechunked.notes, "link /own was left out"));
}
