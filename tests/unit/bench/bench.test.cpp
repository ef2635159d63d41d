#include "morphogen/bench/bench.hpp"

#include "morphogen/bench/limits.hpp"
#include "morphogen/core/build_info.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/core/json_reader.hpp"
#include "morphogen/core/processor.hpp"
#include "morphogen/parallel/affinity.hpp"

#include "bench/compare.hpp"
#include "bench/own_tiling.hpp"
#include "bench/provenance.hpp"
#include "catch.hpp"

#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace morphogen;
using core::JsonValue;
using Kind = JsonValue::Kind;

namespace {

std::string run(const std::vector<std::string>& names, bool json, int repeats = 1) {
    bench::BenchOptions options;
    options.json = json;
    options.threads = 2;
    options.repeats = repeats;
    options.seconds = 0.002; // the shape of the results is tested, not their worth
    std::ostringstream out;
    bench::run_benchmarks(names, options, out);
    return out.str();
}

/// Numbers are rates, sizes and ratios: all positive where they apply.
void check_positive(const JsonValue& report) {
    CHECK_FALSE(report.at("rows").items.empty());
    for (const JsonValue& row : report.at("rows").items) {
        std::size_t numbers = 0;
        for (const auto& [key, value] : row.members) {
            CAPTURE(key);
            if (value.kind != Kind::number) continue;
            if (key == "keep_bits" || key == "disk_s" || key == "stall_s" || key == "message_kib") {
                CHECK(value.number >= 0.0); // 0 is a meaning
                continue;
            }
            CHECK(value.number > 0.0);
            ++numbers;
        }
        CHECK(numbers > 0);
    }
    for (const auto& [key, fact] : report.at("facts").members) {
        CAPTURE(key);
        CHECK(fact.at("value").number > 0.0);
    }
}

/// Every column is described, and every row is told from the others by its labels.
void check_columns(const JsonValue& report) {
    std::set<std::string> seen;
    std::set<std::string> titles;
    for (const JsonValue& column : report.at("columns").items) {
        CAPTURE(column.at("title").text);
        CHECK(titles.insert(column.at("title").text).second);
    }
    for (const JsonValue& row : report.at("rows").items) {
        std::string labels;
        for (const JsonValue& column : report.at("columns").items) {
            const JsonValue& cell = row.at(column.at("key").text);
            const std::string& meaning = column.at("meaning").text;
            CAPTURE(column.at("key").text, meaning);
            if (meaning == "label")
                labels += cell.text + std::to_string(cell.number) + ",";
            else if (meaning != "detail")
                CHECK((meaning == "more_is_better" || meaning == "less_is_better"));
        }
        CAPTURE(labels);
        CHECK_FALSE(labels.empty());
        CHECK(seen.insert(labels).second);
    }
}

/// Compared with itself, nothing has changed and everything has its counterpart.
void check_itself(const JsonValue& report) {
    const bench::Comparison same = bench::compare_results(report, report);
    CHECK(same.better == 0);
    CHECK(same.worse == 0);
    CHECK(same.within > 0);
    core::JsonWriter json;
    same.report.write(json);
    CHECK(core::read_json(json.take(), "written").at("notes").items.empty());
}

/// A test case for each, so that a busy machine's time limit is for one of them.
void check_measurement(const std::string& name) {
    const JsonValue report = core::read_json(run({name}, true), "printed");
    CHECK(report.at("name").text == name);
    check_positive(report);
    check_columns(report);
    check_itself(report);
}

} // namespace

TEST_CASE("bench limits gives a valid object of positive numbers") {
    check_measurement("limits");
}

TEST_CASE("bench kernel gives a valid object of positive numbers") {
    check_measurement("kernel");
}

TEST_CASE("bench halo gives a valid object of positive numbers") {
    check_measurement("halo");
}

TEST_CASE("bench copy gives a valid object of positive numbers") {
    check_measurement("copy");
}

TEST_CASE("bench ring gives a valid object of positive numbers") {
    check_measurement("ring");
}

TEST_CASE("bench join gives a valid object of positive numbers") {
    check_measurement("join");
}

TEST_CASE("bench codec gives a valid object of positive numbers") {
    check_measurement("codec");
}

TEST_CASE("bench decode gives a valid object of positive numbers") {
    check_measurement("decode");
}

TEST_CASE("bench rechunk gives a valid object of positive numbers") {
    check_measurement("rechunk");
}

TEST_CASE("bench store gives a valid object of positive numbers") {
    check_measurement("store");
}

TEST_CASE("bench overlap gives a valid object of positive numbers") {
    check_measurement("overlap");
}

TEST_CASE("bench run gives a valid object of positive numbers") {
    check_measurement("run");
}

TEST_CASE("every measurement is described and has a test here") {
    std::string names;
    for (const bench::BenchmarkInfo& info : bench::benchmarks()) {
        CHECK_FALSE(info.description.empty());
        names.append(info.name).append(" ");
    }
    CHECK(names == "limits kernel halo copy ring join codec decode store overlap rechunk run ");
}

TEST_CASE("several measurements give one object with a member for each") {
    const JsonValue all = core::read_json(run({"codec", "limits"}, true), "printed");
    CHECK(all.members.size() == 3); // and the head
    check_positive(all.at("codec"));
    check_positive(all.at("limits"));
}

TEST_CASE("a measurement that is named twice is made once") {
    const JsonValue twice = core::read_json(run({"codec", "codec"}, true), "printed");
    CHECK(twice.at("name").text == "codec"); // as if it had been named once
    const std::string text = run({"limits", "codec", "limits"}, false);
    CHECK(text.find("\nlimits: ") == text.rfind("\nlimits: "));
}

TEST_CASE("what was measured before one that fails is printed") {
    bench::BenchOptions options;
    options.json = true;
    options.threads = 1;
    options.seconds = 0.002;
    options.directory = "/nowhere/at/all";
    const auto printed = [&](const std::vector<std::string>& names) {
        std::ostringstream out;
        CHECK_THROWS_WITH(bench::run_benchmarks(names, options, out),
                          Catch::Contains("/nowhere/at/all"));
        return out.str();
    };
    const JsonValue some = core::read_json(printed({"codec", "store", "copy"}), "printed");
    check_positive(some.at("codec"));
    CHECK(some.find("store") == nullptr);
    CHECK(some.find("copy") == nullptr);
    CHECK(printed({"store"}).empty());
    CHECK(printed({"store", "codec"}).empty());
    options.json = false;
    CHECK_THAT(printed({"codec", "store"}), Catch::Contains("\ncodec: "));
}

TEST_CASE("the head tells what made the results") {
    const JsonValue one = core::read_json(run({"limits"}, true), "printed");
    const JsonValue two = core::read_json(run({"limits", "codec"}, true), "printed");
    for (const JsonValue* const printed : {&one, &two}) {
        REQUIRE(printed->members.front().key == "provenance");
        const JsonValue& made = printed->members.front().value;
        CHECK(made.at("version").text == core::build_info().version);
        CHECK(made.at("revision").text == core::build_info().revision);
        CHECK(made.at("compiler").text == core::build_info().compiler);
        CHECK(made.at("instruction_set").text == kernel::name_of(kernel::best_isa()));
        CHECK(made.at("processor").text == core::processor_name());
        CHECK(made.at("cores").number == parallel::usable_cores());
        CHECK(made.at("ranks").number == 1.0);
        CHECK(made.at("threads").number == 2.0);
        CHECK(made.at("seconds").number == 0.002);
        CHECK(made.at("file_system").text ==
              bench::file_system_of(std::filesystem::temp_directory_path()));
        CHECK(made.at("date").text.size() == std::string("2026-01-01T00:00:00Z").size());
    }
    const std::string text = run({"limits"}, false);
    const std::string head = text.substr(0, text.find("limits: "));
    for (const char* const part : {core::build_info().revision, "2 threads, 0.002 s", "try it out"})
        CHECK_THAT(head, Catch::Contains(part));
}

TEST_CASE("file systems are known by where they are mounted") {
    CHECK(bench::file_system_of("/proc/self") == "proc");
    CHECK(bench::file_system_of("/proc/nothing/there") == "proc");
    CHECK(bench::file_system_of("/proceedings") == bench::file_system_of("/"));
    CHECK(bench::file_system_of("/") != "unknown");
}

TEST_CASE("repeats give medians and how far they lie apart") {
    const JsonValue report = core::read_json(run({"copy"}, true, 3), "printed");
    CHECK(report.at("repeats").number == 3.0);
    for (const JsonValue& row : report.at("rows").items) {
        CHECK(row.at("gb_per_s").number > 0.0);
        CHECK(row.at("spread").at("gb_per_s").number >= 0.0);
        CHECK(row.at("spread").find("what") == nullptr);
    }
}

TEST_CASE("the kernel's table says how to get all of it") {
    CHECK_THAT(run({"kernel"}, false), Catch::Contains("--seconds 1 or more"));
}

TEST_CASE("measured tilings are not kept in the user's cache") {
    REQUIRE(simulation::tiling_policy_from_environment(2).tune); // as long as nobody says otherwise
    CHECK(bench::own_tiling(2).tune);
    CHECK(bench::own_tiling(2).cache.empty());
    CHECK(bench::own_tiling(2, "/somewhere").cache == "/somewhere");
}

TEST_CASE("a table has a title and aligned columns") {
    const std::string text = run({"limits"}, false);
    CHECK_THAT(text, Catch::Contains("\n\nlimits: ")); // after the head
    CHECK_THAT(text, Catch::Contains("disk, write and fsync"));
    CHECK_THAT(text, Catch::Contains("memcpy and disk count a byte once"));
    for (const char c : text)
        CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
}

TEST_CASE("an unknown measurement is bad usage that names those there are") {
    CHECK_THROWS_AS(run({"kernels"}, false), core::UsageError);
    CHECK_THROWS_WITH(run({"kernels"}, false),
                      Catch::Contains("kernels") && Catch::Contains("kernel, halo"));
}

TEST_CASE("a directory that cannot be written is named") {
    CHECK_THROWS_WITH(bench::disk_rate("/nowhere/at/all", 1024, 0.0),
                      Catch::Contains("/nowhere/at/all"));
}

TEST_CASE("every level of memory is larger than the one before and memory is the last") {
    CHECK(bench::fma_rate(kernel::best_isa(), 1, 0.01) > 0.0);
    const auto levels = bench::memory_levels();
    REQUIRE(levels.size() >= 2);
    CHECK(levels.back().name == "memory");
    for (std::size_t i = 1; i < levels.size(); ++i)
        CHECK(levels[i].bytes > levels[i - 1].bytes);
}
