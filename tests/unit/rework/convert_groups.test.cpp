#include "morphogen/rework/convert_groups.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"
#include "watchdog.hpp"

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace morphogen;
using rework::ReadFile;

namespace {

constexpr std::uint64_t files = 23;
constexpr std::uint64_t files_per_group = 5;
constexpr std::uint64_t groups = 5;

/// Files of 10 to 32 bytes.
struct Inputs {
    Inputs() {
        for (std::uint64_t i = 0; i < files; ++i)
            std::ofstream(path(i)) << std::string(10 + i, 'x');
    }
    std::filesystem::path path(std::uint64_t i) const { return directory / std::to_string(i); }
    rework::FileSource source() const {
        return [this, i = std::uint64_t{0}, group = std::uint64_t{0}]() mutable
               -> std::optional<std::variant<std::filesystem::path, io::EndOfGroup>> {
            if (group == groups) return std::nullopt;
            if (i == files || i == (group + 1) * files_per_group)
                return io::EndOfGroup{.tag = group++};
            return path(i++);
        };
    }
    test::TemporaryDirectory directory;
};

enum class Stage { none, open, map, reduce, end_group, finish, put };

/// Sums sizes; every second file and each group is a result. Fails where it is told to.
struct Sums {
    using Value = std::uint64_t;
    struct Result {
        std::string destination;
        std::uint64_t sum = 0;
        bool finished = false;
    };

    void fail_at(Stage stage, std::uint64_t number) const {
        if (stage == failing && number == failing_number) throw core::Error("planted");
    }
    void open(ReadFile& file, Value&) { fail_at(Stage::open, file.number); }
    void map(ReadFile& file, Value& size, int) {
        fail_at(Stage::map, file.number);
        size = file.bytes.size();
    }
    void reduce(std::uint64_t number, Value& size, rework::Results<Result>& results) {
        fail_at(Stage::reduce, number);
        REQUIRE(number == next++);
        sum += size;
        if (number % 2 == 0) results.add({"file " + std::to_string(number), size});
    }
    void end_group(std::uint64_t group, rework::Results<Result>& results) {
        fail_at(Stage::end_group, group);
        results.add({"group " + std::to_string(group), sum});
        sum = 0;
    }
    void finish(Result& result, int) {
        if (result.destination == "file 12") fail_at(Stage::finish, 12);
        result.finished = true;
    }
    void put(Result& result) {
        if (result.destination == "file 12") fail_at(Stage::put, 12);
        REQUIRE(result.finished);
        put_out.push_back(result.destination + ": " + std::to_string(result.sum));
    }

    Stage failing = Stage::none;
    std::uint64_t failing_number = 0;
    std::uint64_t next = 0;
    std::uint64_t sum = 0;
    std::vector<std::string> put_out = {};
};

std::vector<std::string> expected() {
    std::vector<std::string> all;
    for (std::uint64_t g = 0; g < groups; ++g) {
        std::uint64_t sum = 0;
        for (std::uint64_t i = g * files_per_group; i < std::min(files, (g + 1) * files_per_group);
             ++i) {
            sum += 10 + i;
            if (i % 2 == 0)
                all.push_back("file " + std::to_string(i) + ": " + std::to_string(10 + i));
        }
        all.push_back("group " + std::to_string(g) + ": " + std::to_string(sum));
    }
    return all;
}

rework::GroupFigures convert(const Inputs& inputs, Sums& job, int threads, core::Index in_flight,
                             std::uint64_t pool, io::Backend backend = io::Backend::automatic) {
    parallel::Team team(threads);
    rework::GroupConversion<Sums> conversion(
        team, io::BufferPool(pool),
        {.in_flight = in_flight, .reading = {.backend = backend, .depth = 8}});
    return conversion.run(inputs.source(), job);
}

} // namespace

TEST_CASE("groups are converted in order, for any team, limit and pool") {
    const test::Watchdog watchdog("convert groups", std::chrono::seconds(60));
    const Inputs inputs;
    for (const auto backend : {io::Backend::automatic, io::Backend::thread_pool})
        for (const int threads : {1, 2, 4})
            for (const core::Index in_flight : {1, 2, 9})
                for (const std::uint64_t pool :
                     {std::uint64_t{64}, std::uint64_t{200}, std::uint64_t{100'000}}) {
                    CAPTURE(threads, in_flight, pool);
                    Sums job;
                    const auto figures = convert(inputs, job, threads, in_flight, pool, backend);
                    CHECK(job.put_out == expected());
                    CHECK(figures.files == files);
                    CHECK(figures.groups == groups);
                    CHECK(figures.results == static_cast<core::Index>(job.put_out.size()));
                }
}

TEST_CASE("an error of any stage ends the conversion, with every thread joined") {
    const test::Watchdog watchdog("convert groups", std::chrono::seconds(60));
    const Inputs inputs;
    for (const Stage stage : {Stage::open, Stage::map, Stage::reduce, Stage::finish, Stage::put})
        for (const int threads : {1, 3}) {
            Sums job;
            job.failing = stage;
            job.failing_number = 12;
            CHECK_THROWS_WITH(convert(inputs, job, threads, 4, 128), Catch::Contains("planted"));
            for (const std::string& done : job.put_out)
                CHECK(done.find("group 2") == std::string::npos);
        }
    for (const std::uint64_t group : {std::uint64_t{0}, std::uint64_t{4}}) {
        Sums job;
        job.failing = Stage::end_group;
        job.failing_number = group;
        CHECK_THROWS_WITH(convert(inputs, job, 2, 4, 128), Catch::Contains("planted"));
    }
}

TEST_CASE("a file that is not there ends the conversion of a job that does not take failures") {
    const test::Watchdog watchdog("convert groups");
    const Inputs inputs;
    std::filesystem::remove(inputs.path(22));
    Sums job;
    CHECK_THROWS_WITH(convert(inputs, job, 2, 4, 128), Catch::Contains(inputs.path(22).native()));
    CHECK(job.next == 22);
}

TEST_CASE("what the list of files throws is thrown") {
    const test::Watchdog watchdog("convert groups");
    parallel::Team team(2);
    Sums job;
    rework::GroupConversion<Sums> conversion(team, io::BufferPool(100), {.in_flight = 2});
    CHECK_THROWS_WITH(
        conversion.run(
            []() -> std::optional<std::variant<std::filesystem::path, io::EndOfGroup>> {
                throw std::runtime_error("no list");
            },
            job),
        Catch::Contains("no list"));
}
