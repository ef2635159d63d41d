#include "catch.hpp"
#include "support.hpp"

#include <filesystem>
#include <fstream>

using namespace morphogen;
using test::error;

namespace {

struct Bad {
    const char* toml;
    const char* expected; // after "run.toml:"
};

void check_all(const std::vector<Bad>& cases) {
    for (const Bad& bad : cases) {
        INFO(bad.toml);
        CHECK(error(bad.toml) == std::string("run.toml:") + bad.expected);
    }
}

} // namespace

TEST_CASE("the values of grid and model are checked") {
    check_all({
        {"[grid]\nshape = [0, 5]", "2:9: 'grid.shape' must be 2 or 3 positive integers, got [0, "
                                   "5]; write for example [1080, 1920]"},
        {"grid.shape = [5]", "1:14: 'grid.shape' must be 2 or 3 positive integers, got [5]; write "
                             "for example [1080, 1920]"},
        {"grid.shape = [1, 2, 3, 4]", "1:14: 'grid.shape' must be 2 or 3 positive integers, got "
                                      "[1, 2, 3, 4]; write for example [1080, 1920]"},
        {"grid.shape = [4.0, 4]", "1:14: 'grid.shape' must be 2 or 3 positive integers, got [4.0, "
                                  "4]; write for example [1080, 1920]"},
        {"grid.shape = [10000000000, 100000000000]",
         "1:14: 'grid.shape' = [10000000000, 100000000000] has more than 2^58 cells, which no "
         "machine holds; write for "
         "example [1080, 1920]"},
        {"grid.shape = [9223372036854775807, 2]",
         "1:14: 'grid.shape' = [9223372036854775807, 2] has more than 2^58 cells, which no machine "
         "holds; write for example [1080, 1920]"},
        {"grid.spacing = 0",
         "1:16: 'grid.spacing' must be a number of at least 1e-30, got 0; write for example 1.0"},
        {"grid.precision = \"f16\"", "1:18: 'grid.precision' must be \"f32\" or \"f64\", got "
                                     "\"f16\"; write for example \"f32\""},
        {"model.feed = \"a\"",
         "1:14: 'model.feed' must be a number of at least 0, got \"a\"; write for example 0.014"},
        {"model.kill = -1",
         "1:14: 'model.kill' must be a number of at least 0, got -1; write for example 0.054"},
        {"model.dt = 0.0",
         "1:12: 'model.dt' must be a number greater than 0, got 0.0; write for example 1.0"},
        {"model.diffusion_u = nan", "1:21: 'model.diffusion_u' must be a number of at least 0, got "
                                    "nan; write for example 0.1"},
        {"model.diffusion_v = inf",
         "1:21: 'model.diffusion_v' must be at most 1e+30, got inf; make it smaller"},
        {"model.stencil = \"oonopuri\"",
         "1:17: 'model.stencil' must be \"oono-puri\", \"patra-karttunen\", \"five-point\", "
         "\"equal-weights\" or "
         "\"seven-point\", got \"oonopuri\" (did you mean \"oono-puri\"?)"},
        {"model.boundary = 3", "1:18: 'model.boundary' must be \"zero\", \"periodic\" or "
                               "\"no-flux\", got 3; write for example \"zero\""},
        {"model.noise = true",
         "1:15: 'model.noise' must be a number of at least 0, got true; write for example 0.0"},
        {"model.seed = 1.5",
         "1:14: 'model.seed' must be an integer of at least 0, got 1.5; write for example 1"},
    });
}

TEST_CASE("the values of time and output are checked") {
    check_all({
        {"time.frames = 0",
         "1:15: 'time.frames' must be an integer of at least 1, got 0; write for example 1000"},
        {"time.steps_per_frame = 1.5", "1:24: 'time.steps_per_frame' must be an integer of at "
                                       "least 1, got 1.5; write for example 34"},
        {"time.initial_frame = 1",
         "1:22: 'time.initial_frame' must be true or false, got 1; write for example false"},
        {"output.enabled = \"yes\"",
         "1:18: 'output.enabled' must be true or false, got \"yes\"; write for example true"},
        {"output.directory = \"\"", "1:20: 'output.directory' must be text in quotes, not empty, "
                                    "without control characters, got \"\"; write for "
                                    "example \"out\""},
        {"output.directory = \"a\\nb\"", "1:20: 'output.directory' must be text in quotes, not "
                                         "empty, without control characters, got \"a\\u000Ab\"; "
                                         "write for example \"out\""},
        {"output.fields = []", "1:17: 'output.fields' must be a list of \"u\", \"v\" or both, each "
                               "once, got []; write for example [\"v\"]"},
        {"output.fields = [\"v\", \"v\"]",
         "1:17: 'output.fields' must be a list of \"u\", \"v\" or both, each once, got [\"v\", "
         "\"v\"]; write for example "
         "[\"v\"]"},
        {"output.chunk = [3]", "1:16: 'output.chunk' must be \"auto\" or positive integers, one "
                               "per axis [y, x] of the grid, got [3]; write for "
                               "example [270, 480]"},
        {"output.codec = \"gzip\"", "1:16: 'output.codec' must be \"none\", \"deflate:1\" to "
                                    "\"deflate:9\", \"zstd:1\" to \"zstd:19\" or \"lz4\", got "
                                    "\"gzip\"; write for example \"deflate:1\""},
        {"output.shuffle = 1",
         "1:18: 'output.shuffle' must be true or false, got 1; write for example true"},
        {"output.checksum = 2021-01-01",
         "1:19: 'output.checksum' must be true or false, got a date; write for example true"},
        {"output.keep_bits = 60",
         "1:20: 'output.keep_bits' must be an integer from 0 to 52, got 60; write for example 0"},
        {"output.keep_bits = 24", "1:20: 'output.keep_bits' must be an integer from 0 to 23 with "
                                  "'grid.precision' = \"f32\", got 24; write 0 to "
                                  "keep every bit"},
        {"output.max_error = -1",
         "1:20: 'output.max_error' must be a number of at least 0, got -1; write for example 0.0"},
        {"output.layout = \"share\"", "1:17: 'output.layout' must be \"parts\" or \"shared\", got "
                                      "\"share\" (did you mean \"shared\"?)"},
        {"output.frames_per_file = -1", "1:26: 'output.frames_per_file' must be an integer of at "
                                        "least 0, got -1; write for example 0"},
        {"output.queue_frames = 0", "1:23: 'output.queue_frames' must be an integer from 1 to "
                                    "1048576, got 0; write for example 2"},
        {"output.flush_every = 0",
         "1:22: 'output.flush_every' must be an integer of at least 1, got 0; write for example 1"},
        {"output.sync = \"always\"", "1:15: 'output.sync' must be \"never\", \"close\" or "
                                     "\"frame\", got \"always\"; write for example \"close\""},
    });
}

TEST_CASE("the values of threads and mpi and checkpoint and limits are checked") {
    check_all({
        {"threads.compute = -1",
         "1:19: 'threads.compute' must be an integer from 0 to 4096, got -1; write for example 0"},
        {"threads.io = 1e3",
         "1:14: 'threads.io' must be an integer from 0 to 4096, got 1000.0; write for example 0"},
        {"mpi.ranks = [0, 1]", "1:13: 'mpi.ranks' must be \"auto\" or positive integers, one per "
                               "axis [y, x] of the grid, got [0, 1]; write for "
                               "example [2, 4]"},
        {"mpi.hints = {a = 1}", "1:13: 'mpi.hints' must be a table of texts in quotes, got {a = "
                                "1}; write for example { striping_factor = \"4\" "
                                "}"},
        {"checkpoint.every = 600", "1:20: 'checkpoint.every' must be a time such as \"90s\", "
                                   "\"10min\" or \"2h\", a number of frames such as \"50 "
                                   "frames\", or \"never\", got 600; write for example \"10min\""},
        {"checkpoint.keep = 0", "1:19: 'checkpoint.keep' must be an integer from 1 to 1048576, got "
                                "0; write for example 2"},
        {"limits.walltime = \"10:00\"",
         "1:19: 'limits.walltime' must be \"none\", \"slurm\" or a time such as \"12:00:00\" or "
         "\"1-12:00:00\" "
         "(days-hours:minutes:seconds), got \"10:00\"; write for example \"12:00:00\""},
        {"limits.margin = \"-1s\"", "1:17: 'limits.margin' must be a time such as \"60s\" or "
                                    "\"5min\", got \"-1s\"; write for example \"60s\""},
    });
}

TEST_CASE("instruction sets: unknown ones and those this machine lacks are told apart") {
    CHECK(error("threads.isa = \"avx513\"")
              .starts_with("run.toml:1:15: 'threads.isa' must be \"auto\", \"baseline\""));
    const auto here = kernel::available_isas();
    for (const auto isa :
         {kernel::Isa::baseline, kernel::Isa::avx2, kernel::Isa::avx512, kernel::Isa::neon}) {
        const std::string name(kernel::name_of(isa));
        const std::string text = error("threads.isa = \"" + name + "\"");
        if (std::find(here.begin(), here.end(), isa) != here.end())
            CHECK(text.empty());
        else
            CHECK(text.starts_with(
                "run.toml:1:15: 'threads.isa' asks for \"" + name +
                "\", which this processor or this build does not have; write \"auto\""));
    }
}

TEST_CASE("unknown keys name the key meant") {
    check_all({
        {"[grid]\nshape = [8, 8]\n\n[model]\ndt = 1.0\nkill = 0.06\nfed = 0.03\n",
         "7:1: unknown key 'model.fed' (did you mean 'model.feed'?)"},
        {"grid.feed = 1", "1:6: unknown key 'grid.feed' (did you mean 'model.feed'?)"},
        {"feed = 1", "1:1: unknown key 'feed' (did you mean 'model.feed'?)"},
        {"[modle]", "1:2: unknown table 'modle' (did you mean 'model'?)"},
        {"[ouput]\na = 1", "1:2: unknown table 'ouput' (did you mean 'output'?)"},
        {"model.F = 1", "1:7: unknown key 'model.F' (did you mean 'model.feed'?)"},
        {"model.Du = 1", "1:7: unknown key 'model.Du' (did you mean 'model.diffusion_u'?)"},
        {"grid.dx = 1", "1:6: unknown key 'grid.dx' (did you mean 'grid.spacing'?)"},
        {"steps = 1", "1:1: unknown key 'steps' (did you mean 'time.steps_per_frame'?)"},
        {"output.compresion = 1",
         "1:8: unknown key 'output.compresion' (did you mean 'output.codec'?)"},
        {"[[initial.disk]]\ncentre = [1, 2]\ncenter = [1, 2]\nradius = 3\nv = 1",
         "2:1: unknown key 'initial.disk.centre' (did you mean 'initial.disk.center'?)"},
        {"initial.boxes = []", "1:9: unknown key 'initial.boxes' (did you mean 'initial.box'?)"},
        {"time.xyzzy = 1",
         "1:6: unknown key 'time.xyzzy'; 'time' has frames, steps_per_frame, initial_frame"},
        {"[xyzzy]", "1:2: unknown table 'xyzzy'; the tables are grid, model, initial, time, "
                    "output, threads, mpi, "
                    "checkpoint, limits"},
        {"time.\"a\\nb\" = 1", "1:6: unknown key 'time.\"a\\u000Ab\"'; 'time' has frames, "
                               "steps_per_frame, initial_frame"},
    });
}

TEST_CASE("initial states are checked against the grid") {
    const std::string grid = "grid.shape = [100, 200]\n";
    const auto said = [&](const char* text) { return error(grid + text); };
    CHECK(said("[[initial.box]]\nfrom = [1, 2]") ==
          "run.toml:2:1: 'initial.box.to' is missing; add for example to = [536, 960]");
    CHECK(said("[[initial.box]]\nfrom = [5, 5]\nto = [5, 6]\nv = 1") ==
          "run.toml:2:1: 'initial.box' number 1 holds no cell: along y it goes from 5 to 5 (the "
          "end is not part of it); "
          "make 'to' larger than 'from'");
    CHECK(said("[[initial.box]]\nfrom = [0, 0]\nto = [1, 1]\nv = 1\n[[initial.box]]\nfrom = [0, "
               "200]\nto = [9, 210]\nv = "
               "1") == "run.toml:6:1: 'initial.box' number 2 lies wholly outside the grid: along x "
                       "it holds cells 200 to "
                       "209, the grid has 0 to 199; move it into the grid");
    CHECK(said("[[initial.box]]\nfrom = [-5, 0]\nto = [0, 5]\nv = 1") ==
          "run.toml:2:1: 'initial.box' number 1 lies wholly outside the grid: along y it holds "
          "cells -5 to -1, the grid "
          "has 0 to 99; move it into the grid");
    CHECK(said("[[initial.box]]\nfrom = [0, 0]\nto = [1, 1]") ==
          "run.toml:2:1: 'initial.box' number 1 sets neither u nor v; add for example v = 1.0");
    CHECK(said("[[initial.box]]\nfrom = [0, 0, 0]\nto = [1, 1]\nv = 1") ==
          "run.toml:3:8: 'initial.box.from' must be integers, one per axis [y, x] of the grid, got "
          "[0, 0, 0]; write for "
          "example [468, 840]");
    CHECK(said("[[initial.disk]]\ncenter = [50, 210]\nradius = 10\nv = 1") ==
          "run.toml:2:1: 'initial.disk' number 1 lies wholly outside the grid: no cell is within "
          "10.0 cells of its center "
          "[50.0, 210.0], the grid is [100, 200]; move its center into the grid or make it larger");
    CHECK(said("[[initial.disk]]\ncenter = [50, 209]\nradius = 10\nv = 1") == "");
    CHECK(said("[[initial.disk]]\ncenter = [50.5, 20.5]\nradius = 0.5\nv = 1") !=
          ""); // between the cells
    CHECK(said("[initial.scatter]\nradius = 3") ==
          "run.toml:2:1: 'initial.scatter.count' is missing; add for example count = 40");
    CHECK(said("[[initial.file]]\nframe = 0") ==
          "run.toml:2:1: 'initial.file.path' is missing; add for example path = \"start.h5\"");
    CHECK(said("[initial.box]") ==
          "run.toml:2:1: 'initial.box' must be a list of tables, got {}; write [[initial.box]] "
          "and its keys below it, once for each");
    CHECK(said("[[initial.scatter]]") == "run.toml:2:1: 'initial.scatter' must be one table, got "
                                         "[{}]; write [initial.scatter] and its keys below it");
    CHECK(error("grid.shape = [9, 9, 9]\n[[initial.box]]\nto = [1, 1, 1]\nv = 1") ==
          "run.toml:2:1: 'initial.box.from' is missing; add for example from = [10, 10, 10]");
}

TEST_CASE("keys are checked against each other") {
    check_all({
        {"model.dt = 5.0", "1:12: 'model.dt' = 5.0 is unstable with stencil \"oono-puri\": dt * "
                           "(max(Du, Dv) * rho / h^2 + F + k) = 2.34 "
                           "must be at most 2; make 'model.dt' at most 4.273, the diffusion "
                           "smaller or 'grid.spacing' larger"},
        {"grid.shape = [9, 9, 9]\nmodel.stencil = \"five-point\"",
         "2:17: 'model.stencil' = \"five-point\" is for 2 dimensions, but 'grid.shape' has 3; "
         "write \"seven-point\""},
        {"model.stencil = \"seven-point\"",
         "1:17: 'model.stencil' = \"seven-point\" is for 3 dimensions, but 'grid.shape' has 2; "
         "write \"oono-puri\", "
         "\"patra-karttunen\", \"five-point\" or \"equal-weights\""},
        {"[time]\nframes = 9007199254740992\nsteps_per_frame = 3",
         "3:19: 'time.frames' * 'time.steps_per_frame' = 9007199254740992 * 3 is more than 2^53 "
         "steps; make one smaller"},
        {"grid.shape = [100000, 100000]\noutput.chunk = [100000, 100000]",
         "2:16: 'output.chunk' = [100000, 100000] is 4 GiB or more, HDF5 holds less in a chunk; "
         "write \"auto\" or a "
         "smaller chunk"},
        {"[output]\nkeep_bits = 8\nmax_error = 0.1",
         "3:13: 'output.keep_bits' and 'output.max_error' are both set: a bound is relative or "
         "absolute; set one of them "
         "to 0"},
        {"[output]\nlayout = \"shared\"\ncodec = \"lz4\"",
         "2:10: 'output.layout' = \"shared\" compresses with HDF5's own filters, which have no "
         "\"lz4\"; set "
         "'output.codec' to \"none\" or \"deflate:1\" to \"deflate:9\", or 'output.layout' to "
         "\"parts\""},
        {"mpi.ranks = [1, 2000]", "1:13: 'mpi.ranks' = [1, 2000] wants 2000 ranks along x, where "
                                  "the grid has 1920 cells; make it smaller or "
                                  "write \"auto\""},
        {"grid.shape = [100000, 100000]\nmpi.ranks = [100000, 100000]",
         "2:13: 'mpi.ranks' = [100000, 100000] wants more ranks than MPI can count; write "
         "\"auto\""},
        {"limits.walltime = \"00:00:30\"", "1:19: 'limits.walltime' leaves no time to run: it is "
                                           "30 s and 'limits.margin' is 60 s; make the margin "
                                           "smaller"},
    });
}

TEST_CASE("the largest stable time step that is advised is stable") {
    for (const char* spacing : {"0.01", "0.3", "0.0000017"}) {
        const std::string grid = std::string("grid.spacing = ") + spacing + "\n";
        const std::string text = error(grid);
        const auto at = text.find("at most 2; make 'model.dt' at most ");
        REQUIRE(at != std::string::npos);
        const auto begin = text.find("at most ", at + 10) + 8;
        const std::string advised = text.substr(begin, text.find(',', begin) - begin);
        CHECK(error(grid + "model.dt = " + advised) == "");
    }
}

TEST_CASE("all errors of a file come at once in the order of the file") {
    const auto lines =
        test::errors("[output]\ncodec = 1\n[model]\nfed = 2\n[grid]\nshape = 3\n[nothing]\n",
                     {"model.dt=-1", "time.frames=x"});
    REQUIRE(lines.size() == 6);
    CHECK(lines[0].starts_with("run.toml:2:9: 'output.codec'"));
    CHECK(lines[1].starts_with("run.toml:4:1: unknown key 'model.fed'"));
    CHECK(lines[2].starts_with("run.toml:6:9: 'grid.shape'"));
    CHECK(lines[3].starts_with("run.toml:7:2: unknown table 'nothing'"));
    CHECK(lines[4].starts_with("--set model.dt=-1: 'model.dt' must be"));
    CHECK(lines[5].starts_with("--set time.frames=x: 'time.frames' must be an integer"));
}

TEST_CASE("sections must be tables") {
    CHECK(error("model = 3") ==
          "run.toml:1:9: 'model' must be one table; write [model] and its keys below it");
    CHECK(error("[[grid]]\nshape = [1, 2]") ==
          "run.toml:1:1: 'grid' must be one table; write [grid] and its keys below it");
}

TEST_CASE("text that is not TOML is explained") {
    check_all({
        {"[output]\ncodec = lz4", "2:9: not valid TOML: value: could not determine value type; "
                                  "text needs quotes: codec = \"lz4\""},
        {"[model]\nfeed = 0,5",
         "2:9: not valid TOML: key-value pair: expected a comment or whitespace, saw ','; decimals "
         "are written with a point, lists as [1, 2]"},
        {"a = 1\na = 2", "2:5: not valid TOML: key-value pair: cannot redefine existing integer "
                         "'a'; it is given twice, keep one"},
        {"[output]\nshuffle = True",
         "2:11: not valid TOML: boolean: expected 'true', saw 'T'; write shuffle = true"},
        {"[checkpoint]\nevery = 10min", "2:11: not valid TOML: decimal integer: expected digit, "
                                        "saw 'm'; text needs quotes: every = \"10min\""},
        {"model.feed: 3", "1:11: not valid TOML: key-value pair: expected '=', saw ':'; each line "
                          "is NAME = VALUE or [table]"},
        {"\xff\xfe",
         "1:1: not valid TOML: Encountered invalid utf-8 sequence; save the file as UTF-8 text"},
    });
    CHECK(error(std::string(100000, '.')).find("more than 64 dots") != std::string::npos);
}

TEST_CASE("files that cannot be read are named") {
    CHECK_THROWS_WITH(config::load("no/such/run.toml"),
                      "cannot read the configuration (no/such/run.toml): No such file or "
                      "directory; give the path of a "
                      "TOML file");
    CHECK_THROWS_AS(config::load("no/such/run.toml"), core::UsageError);
    const auto directory = std::filesystem::temp_directory_path();
    CHECK_THROWS_WITH(config::load(directory),
                      "cannot read the configuration (" + directory.string() +
                          "): it is a directory; give the TOML file itself");
}
