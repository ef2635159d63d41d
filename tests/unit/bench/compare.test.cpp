#include "bench/compare.hpp"

#include "morphogen/bench/bench.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"

#include "bench/provenance.hpp"
#include "bench/report.hpp"
#include "catch.hpp"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

using namespace morphogen;
using bench::Meaning;
using bench::Report;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct Numbers {
    double rate = 100.0;
    double seconds = 2.0;
    double memcpy = 10.0;
};

Report report(const Numbers& numbers) {
    Report r("speed", "a measurement",
             {{"what", "what"},
              {"threads", "threads"},
              {"rate", "GB/s"},
              {"seconds", "seconds", 2, Meaning::less_is_better},
              {"share", "% of something", 1, Meaning::detail},
              {"absent", "absent"}});
    r.add_fact("memcpy", "memcpy", numbers.memcpy, "GB/s");
    for (const std::int64_t threads : {1, 2})
        r.add_row({std::string("copy"), threads, numbers.rate * static_cast<double>(threads),
                   numbers.seconds, numbers.rate, none});
    return r;
}

core::JsonValue read(const Report& r) {
    core::JsonWriter json;
    r.write(json);
    return core::read_json(json.take(), "test");
}

/// What the comparison prints, as a value.
core::JsonValue compared(const core::JsonValue& a, const core::JsonValue& b) {
    return read(bench::compare_results(a, b).report);
}

/// The verdict of the first row of @p figure.
std::string verdict(const core::JsonValue& comparison, const std::string& figure) {
    for (const core::JsonValue& row : comparison.at("rows").items)
        if (row.at("figure").text == figure) return row.at("verdict").text;
    return "not compared";
}

class Files {
public:
    Files() { std::filesystem::create_directories(folder_); }
    ~Files() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }
    std::filesystem::path write(const std::string& name, const Report& r) const {
        core::JsonWriter json;
        r.write(json);
        return write(name, json.take());
    }

private:
    std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                    ("morphogen-compare." + std::to_string(::getpid()));
};

} // namespace

TEST_CASE("results that are the same are within the noise") {
    const auto comparison = bench::compare_results(read(report({})), read(report({})));
    CHECK(comparison.better == 0);
    CHECK(comparison.worse == 0);
    CHECK(comparison.within == 4); // two results of two rows; what does not apply is left out
    const core::JsonValue table = read(comparison.report);
    CHECK(table.at("rows").items.size() == 5); // and the limit
    CHECK(table.at("rows").items[1].at("what").text == "copy, 1 threads");
    CHECK(verdict(table, "% of something") == "not compared");
    CHECK(verdict(table, "absent") == "not compared");
}

TEST_CASE("figures are paired by their columns' keys: titles may be alike, or reworded") {
    const auto table = [](const char* title, const char* what) {
        Report r("speed", "a measurement", {{"what", what}, {"a", "rate"}, {"b", title}});
        r.add_row({std::string("copy"), 1.0, 1000.0});
        return read(r);
    };
    for (const char* const title : {"rate", "other rate"}) {
        const auto comparison = bench::compare_results(table("rate", "what"), table(title, "of"));
        CHECK(comparison.better == 0);
        CHECK(comparison.worse == 0);
        CHECK(comparison.within == 2);
    }
}

TEST_CASE("more of a rate is better, more seconds are worse, a limit is neither") {
    const auto table =
        compared(read(report({})), read(report({.rate = 130.0, .seconds = 2.5, .memcpy = 8.0})));
    CHECK(verdict(table, "GB/s") == "lower"); // the limit comes first
    CHECK(verdict(table, "seconds") == "worse");
    const auto both = bench::compare_results(read(report({})), read(report({.rate = 130.0})));
    CHECK(both.better == 2);
    const auto back = bench::compare_results(read(report({.rate = 130.0})), read(report({})));
    CHECK(back.worse == 2);
    const auto faster = bench::compare_results(read(report({})), read(report({.seconds = 1.0})));
    CHECK(faster.better == 2);
}

TEST_CASE("without repeats 10 % is noise, with three 2 %, or what they show") {
    const auto once = bench::compare_results(read(report({})), read(report({.rate = 107.0})));
    CHECK(once.better == 0);
    const auto repeated = [](double low, double high) {
        return read(Report::combine(
            {report({.rate = low}), report({.rate = (low + high) / 2}), report({.rate = high})}));
    };
    CHECK(bench::compare_results(repeated(99.5, 100.5), repeated(106.5, 107.5)).better == 2);
    CHECK(bench::compare_results(repeated(99.5, 100.5), repeated(101.0, 102.0)).better == 0);
    CHECK(bench::compare_results(repeated(90.0, 110.0), repeated(106.5, 107.5)).better == 0);
    // One file of three repeats does not tell the other's noise.
    CHECK(bench::compare_results(read(report({})), repeated(106.5, 107.5)).better == 0);
}

TEST_CASE("repeats are combined to medians") {
    const core::JsonValue all = read(
        Report::combine({report({.rate = 30.0}), report({.rate = 10.0}), report({.rate = 20.0})}));
    CHECK(all.at("repeats").number == 3.0);
    const core::JsonValue& row = all.at("rows").items[0];
    CHECK(row.at("rate").number == 20.0);
    CHECK(row.at("spread").at("rate").number == 1.0);
    CHECK(row.at("spread").at("seconds").number == 0.0);
    CHECK(row.at("threads").number == 1.0);
    CHECK(all.at("facts").at("memcpy").at("spread").number == 0.0);
}

TEST_CASE("files are compared by measurement") {
    const Files files;
    const auto old = files.write("old.json", report({}));
    const auto now = files.write("new.json", report({.rate = 150.0}));
    std::ostringstream text;
    const auto warnings = bench::compare_files(old, now, false, text);
    CHECK_THAT(text.str(), Catch::Contains("2 better, 0 worse, 2 within noise"));
    REQUIRE(warnings.size() == 2); // neither has a head
    CHECK_THAT(warnings[1], Catch::Contains("new.json does not tell"));
    CHECK_THAT(text.str(), Catch::Contains("which does not tell what made it"));
    std::ostringstream json;
    static_cast<void>(bench::compare_files(old, now, true, json));
    const core::JsonValue value = core::read_json(json.str(), "printed");
    CHECK(value.at("summary").at("better").number == 2.0);
    CHECK(value.at("speed").at("rows").items.size() == 5);
}

TEST_CASE("heads that differ are told, and warned of where options do") {
    const Files files;
    const auto with_head = [&](const std::string& name, bench::Provenance made) {
        core::JsonWriter json;
        json.begin_object();
        bench::write(json, made);
        report({}).write_members(json);
        json.end_object();
        return files.write(name, json.take());
    };
    const bench::Provenance made{.revision = "abc", .ranks = 1, .threads = 2, .seconds = 0.5};
    const auto old = with_head("old.json", made);
    const auto compare = [&](bench::Provenance other, std::string& text) {
        std::ostringstream out;
        const auto warnings =
            bench::compare_files(old, with_head("new.json", std::move(other)), false, out);
        text = out.str();
        return warnings;
    };
    std::string text;
    CHECK(compare(made, text).empty());
    CHECK_THAT(text, Catch::Contains("first:  ") && !Catch::Contains(": abc"));
    bench::Provenance other = made;
    other.revision = "def";
    other.date = "2026";
    CHECK(compare(other, text).empty());
    CHECK_THAT(text, Catch::Contains("revision: abc / def") && !Catch::Contains("date:"));
    other.threads = 1;
    other.seconds = 2.0;
    const auto warnings = compare(other, text);
    REQUIRE(warnings.size() == 2);
    CHECK_THAT(warnings[0], Catch::Contains("threads, 2 (") && Catch::Contains("1 ("));
    CHECK_THAT(warnings[1], Catch::Contains("seconds, 0.5 ("));
    std::ostringstream json;
    static_cast<void>(bench::compare_files(old, old, true, json));
    const core::JsonValue both = core::read_json(json.str(), "printed").at("provenance");
    CHECK(both.at("first").at("threads").number == 2.0);
    CHECK(both.at("second").at("revision").text == "abc");
}

TEST_CASE("a damaged result is refused with what is wrong in it") {
    const Files files;
    const auto good = files.write("good.json", report({}));
    core::JsonWriter writer;
    Report::combine({report({}), report({})}).write(writer);
    const std::string whole = writer.take();
    const auto refused = [&](const std::string& part, const std::string& by,
                             const std::string& message) {
        std::string text = whole;
        REQUIRE(text.find(part) != std::string::npos);
        text.replace(text.find(part), part.size(), by);
        CAPTURE(part, by);
        for (const bool several : {false, true}) {
            const auto bad = files.write("bad.json", several ? "{\"speed\": " + text + "}" : text);
            std::ostringstream out;
            CHECK_THROWS_AS(static_cast<void>(bench::compare_files(good, bad, false, out)),
                            core::UsageError);
            CHECK_THROWS_WITH(static_cast<void>(bench::compare_files(good, bad, false, out)),
                              Catch::Contains("bad.json") && Catch::Contains(message) &&
                                  Catch::Contains("bench NAME --json") &&
                                  Catch::Contains(several ? ": speed: " : "bad.json): "));
            CHECK(out.str().empty());
        }
    };
    refused(R"("rate": 100)", R"("rate": "100")", "rows[0].rate is a text, not a number");
    refused(R"("rate": 200)", R"("rat": 200)", "rows[1] has no rate");
    refused(R"("what": "copy")", R"("what": null)", "rows[0].what is null, not a text");
    refused(R"("rows": [)", R"("rows": [null, )", "rows[0] is null, not an object");
    refused(R"("rows": [)", R"("row": [)", "it has no rows");
    refused(R"("spread": {"rate": 0)", R"("spread": {"rate": "0")",
            "rows[0].spread.rate is a text");
    refused(R"("repeats": 2)", R"("repeats": 0)", "repeats is less than 1");
    refused(R"("repeats": 2)", R"("repeats": true)", "repeats is a boolean");
    refused(R"("value": 10)", R"("value": [])", "facts.memcpy.value is an array");
    refused(R"("unit": )", R"("units": )", "facts.memcpy has no unit");
    refused(R"("key": "rate")", R"("key": "what")", "columns[2] has the key of another");
    refused(R"("meaning": "more_is_better")", R"("meaning": "more")", "the meaning 'more'");
    const auto head = [&](const std::string& made) {
        std::ostringstream out;
        const auto bad = files.write("bad.json", "{\"provenance\": " + made + "}");
        static_cast<void>(bench::compare_files(bad, good, false, out));
    };
    CHECK_THROWS_WITH(head("[]"), Catch::Contains("provenance is no object"));
    CHECK_THROWS_WITH(head(R"({"cores": null})"), Catch::Contains("provenance.cores is null"));
}

TEST_CASE("what only one file has is counted, small numbers keep their digits") {
    const auto one = [](double value, const char* what) {
        Report r("speed", "a measurement", {{"what", "what"}, {"s", "s"}, {"t", "t"}});
        r.add_row({std::string("all"), 0.00012345, value});
        r.add_row({std::string(what), 1.0, 0.0});
        return read(r);
    };
    const Report compared = bench::compare_results(one(none, "old"), one(1.0, "new")).report;
    const core::JsonValue table = read(compared);
    REQUIRE(table.at("notes").items.size() == 3);
    CHECK_THAT(table.at("notes").items[0].text, Catch::Contains("2 of the first's"));
    CHECK_THAT(table.at("notes").items[1].text, Catch::Contains("2 of the second's"));
    CHECK_THAT(table.at("notes").items[2].text, Catch::Contains("1 figures are not compared"));
    std::ostringstream text;
    compared.print(text);
    CHECK_THAT(text.str(), Catch::Contains("0.000123"));
}

TEST_CASE("what cannot be compared is bad usage that names the file") {
    const Files files;
    const auto good = files.write("good.json", report({}));
    const auto other = files.write("other.json", Report("other", "another", {{"what", "what"}}));
    std::ostringstream out;
    const auto refused = [&](const std::filesystem::path& a, const std::filesystem::path& b,
                             const std::string& message) {
        CHECK_THROWS_AS(static_cast<void>(bench::compare_files(a, b, false, out)),
                        core::UsageError);
        CHECK_THROWS_WITH(static_cast<void>(bench::compare_files(a, b, false, out)),
                          Catch::Contains(message));
    };
    refused(good, "/nowhere/b.json", "/nowhere/b.json");
    refused(good, std::filesystem::temp_directory_path(), "cannot read results");
    refused(files.write("empty", ""), good, "it is empty");
    refused(files.write("text", "hello"), good, "not JSON");
    refused(files.write("list", "[1, 2]"), good, "not results of measurements");
    refused(files.write("nothing", "{}"), good, "no results of measurements");
    refused(files.write("half", R"({"name": "speed", "rows": []})"), good, "bench NAME --json");
    refused(good, other, "different measurements");
    CHECK(out.str().empty());
}
