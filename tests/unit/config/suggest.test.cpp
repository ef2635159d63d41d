#include "morphogen/core/suggest.hpp"

#include "catch.hpp"
#include "config/schema.hpp"

#include <set>

using namespace morphogen::config;
using morphogen::core::Candidate;
using morphogen::core::closest;

TEST_CASE("every key finds itself and survives one slip") {
    for (const Candidate& key : all_names()) {
        INFO(key.name);
        CHECK(closest(key.name, all_names()) == key.name);
        const auto last = key.name.rfind('.') + 1; // 0 where there is no dot
        if (key.name.size() - last < 5) continue;
        for (std::size_t at = last + 1; at < key.name.size(); ++at) {
            std::string dropped = key.name;
            dropped.erase(at, 1);
            // "diffusion_" is as close to u as to v.
            const bool last_of_pair = at + 1 == key.name.size() && key.name[at - 1] == '_';
            if (!last_of_pair) CHECK(closest(dropped, all_names()) == key.name);
            std::string doubled = key.name;
            doubled.insert(at, 1, doubled[at]);
            CHECK(closest(doubled, all_names()) == key.name);
            std::string swapped = key.name;
            std::swap(swapped[at - 1], swapped[at]);
            CHECK(closest(swapped, all_names()) == key.name);
        }
    }
}

TEST_CASE("names are found in other tables and by what others call them") {
    const auto meant = [](std::string_view name) { return closest(name, all_names()); };
    CHECK(meant("grid.feed") == "model.feed");
    CHECK(meant("output.steps_per_frame") == "time.steps_per_frame");
    CHECK(meant("FEED") == "model.feed");
    CHECK(meant("model.diffusion") == "model.diffusion_u");
    CHECK(meant("model.k") == "model.kill");
    CHECK(meant("output.compression") == "output.codec");
    CHECK(meant("box.from") == "initial.box.from");
    CHECK(meant("walltime") == "limits.walltime");
    CHECK(meant("model.spacing") == "grid.spacing");
    CHECK(meant("output.frames-per-file") == "output.frames_per_file");
    CHECK(meant("model.xyzzy").empty());
    CHECK(meant("q").empty());
    CHECK(meant("").empty());
    CHECK(meant(std::string(100000, 'a')).empty());
}

TEST_CASE("no name is listed twice") {
    std::set<std::string> seen;
    for (const Candidate& key : all_names())
        CHECK(seen.insert(key.name).second);
    CHECK(seen.size() > 60);
}
