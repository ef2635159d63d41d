#include "morphogen/config/difference.hpp"

#include "catch.hpp"
#include "support.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace morphogen::config;

namespace {

std::vector<std::string> changed(std::string_view before, std::string_view after) {
    std::vector<std::string> keys;
    for (const Difference& d : content_differences(parse(before, "a"), parse(after, "b")))
        keys.push_back(d.key);
    return keys;
}

} // namespace

TEST_CASE("what decides the frames' content is compared, key by key") {
    for (const auto& [toml, key] : std::vector<std::pair<std::string, std::string>>{
             {"grid.shape = [64, 64]", "grid.shape"},
             {"grid.precision = \"f64\"", "grid.precision"},
             {"model.feed = 0.03", "model.feed"},
             {"model.boundary = \"periodic\"", "model.boundary"},
             {"model.seed = 7", "model.seed"},
             {"initial.u = 0.5", "initial.u"},
             {"[[initial.box]]\nfrom = [1, 1]\nto = [4, 4]\nv = 1.0", "initial.box"},
             {"[initial.scatter]\ncount = 3", "initial.scatter"},
             {"time.steps_per_frame = 5", "time.steps_per_frame"},
             {"time.initial_frame = true", "time.initial_frame"},
             {"output.fields = [\"u\"]", "output.fields"},
             {"output.keep_bits = 9", "output.keep_bits"},
             {"output.max_error = 0.1", "output.max_error"}}) {
        CAPTURE(toml);
        CHECK(changed("", toml) == std::vector<std::string>{key});
        CHECK(changed(toml, toml).empty());
    }
}

TEST_CASE("what may change when a run goes on is not compared") {
    CHECK(changed("",
                  "time.frames = 9\n[output]\ncodec = \"lz4\"\nchunk = [8, 8]\nsync = \"frame\"\n"
                  "frames_per_file = 3\ndirectory = \"x\"\n[threads]\ncompute = 3\nio = 1\n"
                  "[mpi]\nranks = [1, 1]\n[checkpoint]\nevery = \"3 frames\"\nkeep = 4\n[limits]\n"
                  "walltime = \"01:00:00\"")
              .empty());
}

TEST_CASE("a difference tells both values as TOML") {
    const auto found =
        content_differences(parse("model.feed = 0.03", "a"), parse("model.feed = 0.04", "b"));
    REQUIRE(found.size() == 1);
    CHECK(found[0].before == "0.03");
    CHECK(found[0].after == "0.04");
}
