#include "config/units.hpp"

#include "catch.hpp"

using namespace morphogen::config;

namespace {

double walltime_of(std::string_view text) {
    const auto walltime = parse_walltime(text);
    const auto* seconds = walltime ? std::get_if<WalltimeSeconds>(&*walltime) : nullptr;
    return seconds ? seconds->seconds : -1.0;
}

} // namespace

TEST_CASE("durations") {
    CHECK(parse_duration("90s") == 90.0);
    CHECK(parse_duration("10min") == 600.0);
    CHECK(parse_duration("10 min") == 600.0);
    CHECK(parse_duration("2h") == 7200.0);
    CHECK(parse_duration("1.5h") == 5400.0);
    CHECK(parse_duration("1h30min") == 5400.0);
    CHECK(parse_duration("1d 2h") == 93600.0);
    CHECK(parse_duration("0s") == 0.0);
    for (const char* bad : {"", "s", "10", "-1s", "+1s", "1m", "ten min", "1 h 3", "infs", "nans",
                            "1e400s", "50 frames", "1e10s", " 1s", "1minute"}) {
        INFO(bad);
        CHECK(!parse_duration(bad));
    }
}

TEST_CASE("durations are printed in the unit that people use") {
    CHECK(show_duration(60.0) == "60s");
    CHECK(show_duration(90.0) == "90s");
    CHECK(show_duration(600.0) == "10min");
    CHECK(show_duration(3600.0) == "60min");
    CHECK(show_duration(7200.0) == "2h");
    CHECK(show_duration(259200.0) == "3d");
    CHECK(show_duration(0.0) == "0s");
    CHECK(show_duration(0.25) == "0.25s");
}

TEST_CASE("checkpoint intervals") {
    REQUIRE(parse_every("never"));
    CHECK(std::holds_alternative<CheckpointNever>(*parse_every("never")));
    REQUIRE(parse_every("50 frames"));
    CHECK(std::get<CheckpointFrames>(*parse_every("50 frames")).frames == 50);
    CHECK(std::get<CheckpointFrames>(*parse_every("1 frame")).frames == 1);
    CHECK(std::get<CheckpointSeconds>(*parse_every("2h")).seconds == 7200.0);
    for (const char* bad :
         {"", "0s", "0 frames", "-1 frames", "frames", "1.5 frames", "often", "50", "50 framess"}) {
        INFO(bad);
        CHECK(!parse_every(bad));
    }
}

TEST_CASE("wall times as batch systems write them") {
    CHECK(walltime_of("12:00:00") == 43200.0);
    CHECK(walltime_of("1-12:00:01") == 129601.0);
    CHECK(walltime_of("100:00:00") == 360000.0);
    CHECK(walltime_of("00:00:02") == 2.0);
    CHECK(walltime_of("90min") == 5400.0);
    CHECK(std::holds_alternative<WalltimeNone>(*parse_walltime("none")));
    CHECK(std::holds_alternative<WalltimeSlurm>(*parse_walltime("slurm")));
    for (const char* bad : {"", "00:00:00", "10:00", "1:60:00", "1:00:60", "1-24:00:00", "-1:00:00",
                            "1:00:00x", "0s", "9223372036854775807:00:00", "1-", "1-2", "never"}) {
        INFO(bad);
        CHECK(!parse_walltime(bad));
    }
}
