#include "morphogen/bench/bench.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/json_reader.hpp"
#include "morphogen/mpi/communicator.hpp"

#include "catch.hpp"

#include <sstream>
#include <string>
#include <vector>

using namespace morphogen;

namespace {

std::string run(const std::string& name, const mpi::Communicator& world, bool json) {
    bench::BenchOptions options;
    options.json = json;
    options.threads = 1;
    options.seconds = 0.002; // the shape of the results is tested, not their worth
    options.ranks = &world;
    std::ostringstream out;
    const std::vector<std::string> names{name};
    bench::run_benchmarks(names, options, out);
    return out.str();
}

} // namespace

TEST_CASE("ranks measure their halos together and rank 0 prints them") {
    const mpi::Communicator world = mpi::Communicator::world();
    const std::string text = run("halo", world, true);
    if (!world.is_root()) {
        CHECK(text.empty());
        return;
    }
    const core::JsonValue report = core::read_json(text, "printed");
    CHECK(report.at("rows").items.size() == 3);
    for (const core::JsonValue& row : report.at("rows").items) {
        CHECK((row.at("message_kib").number > 0.0) == (world.size() > 1));
        CHECK(row.at("copied_kib").number > 0.0);
        CHECK(row.at("exchange_us").number > 0.0);
    }
    const core::JsonValue* const latency = report.at("facts").find("message_latency_us");
    REQUIRE((latency != nullptr) == (world.size() > 1));
    if (latency != nullptr) CHECK(latency->at("value").number > 0.0);
}

TEST_CASE("several ranks refuse what is of one process, and leave it out of all") {
    const mpi::Communicator world = mpi::Communicator::world();
    if (world.size() == 1) return;
    CHECK_THROWS_AS(run("ring", world, false), core::UsageError);
    CHECK_THROWS_WITH(run("ring", world, false), Catch::Contains("without mpirun"));
    const std::string text = run("all", world, false);
    CHECK((text.find("\n\nhalo: ") != std::string::npos) == world.is_root());
}
