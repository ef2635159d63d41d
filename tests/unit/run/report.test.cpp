#include "morphogen/run/report.hpp"

#include "catch.hpp"

using namespace morphogen;

namespace {

run::Report report(core::Index launches, core::Index launch_steps) {
    run::Report r;
    r.launches = launches;
    r.steps = 40;
    r.launch_steps = launch_steps;
    r.frames = 10;
    r.writer.bytes_raw = 2048;
    r.writer.bytes_stored = 1024;
    return r;
}

} // namespace

TEST_CASE("summary: what is of the run and what of the launch") {
    CHECK_THAT(run::summary(report(1, 40)),
               Catch::Contains("10 frames, 2.0 KiB raw") && !Catch::Contains("in all"));
    CHECK_THAT(run::summary(report(2, 30)),
               Catch::Contains("30 steps (of 40 in all)") &&
                   Catch::Contains("10 frames in all; of this launch 2.0 KiB raw"));
    // Resumed where there was no checkpoint: all steps are this launch's, not all frames.
    CHECK_THAT(run::summary(report(2, 40)),
               Catch::Contains("40 steps of") &&
                   Catch::Contains("10 frames in all; of this launch 2.0 KiB raw"));
}
