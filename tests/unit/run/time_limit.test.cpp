#include "run/time_limit.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

using namespace morphogen;
using run::parse_slurm_time;
using run::TimeLimit;

namespace {

/// Sets a variable for a scope.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        ::setenv(name, value.c_str(), 1);
    }
    ~Variable() {
        if (old_.empty())
            ::unsetenv(name_);
        else
            ::setenv(name_, old_.c_str(), 1);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
    std::string old_;
};

/// A squeue that runs @p script, first on PATH.
void make_squeue(const std::filesystem::path& directory, const std::string& script) {
    const auto path = directory / "squeue";
    std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
}

std::string path_with(const std::filesystem::path& directory) {
    return directory.native() + ":" + std::getenv("PATH");
}

config::Limits limits(decltype(config::Limits::walltime) walltime, double margin) {
    return {walltime, margin};
}

} // namespace

TEST_CASE("times as squeue prints them") {
    CHECK(parse_slurm_time("5:09") == 309.0);
    CHECK(parse_slurm_time("  1:02:03 \n") == 3723.0);
    CHECK(parse_slurm_time("2-00:00:01") == 172801.0);
    for (const char* no_time : {"UNLIMITED", "INVALID", "NOT_SET", "", "12", "1:x", "-1:00",
                                "1:2:3:4", "1-", "a-1:00:00"})
        CHECK_FALSE(parse_slurm_time(no_time));
}

TEST_CASE("a limit on the clock is near once the margin and what is needed are left") {
    std::vector<std::string> notes;
    const auto note = [&](const std::string& text) { notes.push_back(text); };
    TimeLimit limit(limits(config::WalltimeSeconds{1000.0}, 60.0), {}, note);
    CHECK_FALSE(limit.is_near(0.0));
    CHECK_FALSE(limit.is_near(930.0));
    CHECK(limit.is_near(941.0));
    TimeLimit none(limits(config::WalltimeNone{}, 60.0), {}, note);
    CHECK_FALSE(none.is_near(1e9));
    CHECK(notes.empty());
}

TEST_CASE("the scheduler is asked for its limit") {
    const test::TemporaryDirectory directory;
    const Variable path("PATH", path_with(directory.path()));
    const Variable job("SLURM_JOB_ID", "4711");
    std::vector<std::string> notes;
    const auto note = [&](const std::string& text) { notes.push_back(text); };
    SECTION("and the job it is asked for is this one") {
        make_squeue(directory.path(), "case \"$*\" in *--jobs=4711*) echo '      10:00';; esac");
        TimeLimit limit(limits(config::WalltimeSlurm{}, 60.0), {}, note);
        CHECK_FALSE(limit.is_near(530.0));
        CHECK(limit.is_near(541.0));
        CHECK(notes.empty());
    }
    SECTION("a job without a limit is never near it") {
        make_squeue(directory.path(), "echo UNLIMITED");
        TimeLimit limit(limits(config::WalltimeSlurm{}, 60.0), {}, note);
        CHECK_FALSE(limit.is_near(1e9));
        CHECK(notes.empty());
    }
    SECTION("words that are no limit and no time are no answer") {
        make_squeue(directory.path(), "echo INVALID");
        TimeLimit limit(limits(config::WalltimeSlurm{}, 60.0), {}, note);
        CHECK_FALSE(limit.is_near(1e9));
        CHECK(notes.size() == 1);
    }
    SECTION("what is known counts while the scheduler does not answer") {
        // It tells a limit once, and that much was left a minute ago.
        make_squeue(directory.path(), "echo 2:00; echo 'exit 1' > \"$0\"");
        TimeLimit limit(limits(config::WalltimeSlurm{}, 60.0), {}, note);
        CHECK_FALSE(limit.is_near(50.0));
        CHECK(limit.is_near(61.0));
        CHECK(notes.empty());
    }
    SECTION("a scheduler that does not answer is told, once") {
        make_squeue(directory.path(), "exit 1");
        TimeLimit limit(limits(config::WalltimeSlurm{}, 60.0), {}, note);
        CHECK_FALSE(limit.is_near(1e9));
        CHECK_FALSE(limit.is_near(1e9));
        REQUIRE(notes.size() == 1);
        CHECK(notes[0].find("4711") != std::string::npos);
    }
}

TEST_CASE("outside a Slurm job the user hears that no limit is watched") {
    const Variable job("SLURM_JOB_ID", "");
    std::vector<std::string> notes;
    TimeLimit limit(limits(config::WalltimeSlurm{}, 60.0), {},
                    [&](const std::string& text) { notes.push_back(text); });
    CHECK_FALSE(limit.is_near(1e9));
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].find("no Slurm job") != std::string::npos);
}
