#include "morphogen/run/progress.hpp"

#include "morphogen/run/report.hpp"

#include "catch.hpp"

using namespace morphogen::run;

TEST_CASE("a progress line tells frames and rate and time left and the queue") {
    const ProgressState state{.frame = 50,
                              .frames = 200,
                              .step = 1700,
                              .cells_per_s = 2.5e9,
                              .queue = 1,
                              .queue_capacity = 2};
    CHECK(Progress::line(state, 60.0) ==
          "frame 50/200  step 1700  2.5 G cell updates/s  ETA 00:03:00  queue 1/2");
    CHECK(Progress::line({.frames = 9}, 1.0).find("ETA --:--:--") != std::string::npos);
}

TEST_CASE("a progress line of other work tells its name and rate and time left") {
    CHECK(Progress::line("painting: frame", 20, 100, 4.0) ==
          "painting: frame 20/100  5/s  ETA 00:00:16");
    CHECK(Progress::line("x", 0, 9, 1.0) == "x 0/9  0/s  ETA --:--:--");
}

TEST_CASE("elsewhere than on a terminal nothing but plain lines is written") {
    std::FILE* file = std::tmpfile();
    REQUIRE(file != nullptr);
    Progress progress(file);
    progress.update({.frame = 1, .frames = 2});
    progress.finish();
    CHECK(std::ftell(file) == 0); // the first line is due after ten seconds
    std::fclose(file);
}

TEST_CASE("the report is JSON with the keys that scripts read") {
    Report report;
    report.exit = "finished";
    report.error = "quote \" here";
    report.writer.queue_capacity = 2;
    const std::string json = to_json(report);
    for (const char* key : {"\"exit\": \"finished\"", "quote \\\" here", "\"copy_cpu_s\"",
                            "\"compress_cpu_s\"", "\"capacity\": 2", "\"buffers_allocated\"",
                            "\"peak_rss_bytes\"", "\"isa\"", "\"stall_s\""}) {
        CAPTURE(key);
        CHECK(json.find(key) != std::string::npos);
    }
}
