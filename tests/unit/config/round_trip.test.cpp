#include "catch.hpp"
#include "support.hpp"

#include <limits>
#include <random>

using namespace morphogen;
using namespace morphogen::config;

namespace {

std::string uncommented_examples() {
    // Examples are lines "# key = value" and "# [[table]]" at the start of a line.
    std::string text = default_toml();
    for (std::size_t at = text.find("\n# "); at != std::string::npos; at = text.find("\n# ", at))
        text.erase(at + 1, 2);
    return text;
}

} // namespace

TEST_CASE("the printed defaults are the defaults") {
    CHECK(to_toml(parse(default_toml(), "defaults")) == to_toml(Config{}));
    CHECK(to_toml(parse("", "empty")) == to_toml(Config{}));
    const Config config = parse("", "empty");
    CHECK(config.grid.shape == Extents{1, 1080, 1920});
    CHECK(config.physics.feed == 0.014);
    CHECK(config.total_frames() == 1000);
    CHECK(config.initial.is_default());
    CHECK(std::get<CheckpointSeconds>(config.checkpoint.every).seconds == 600.0);
    CHECK(config.limits.margin_seconds == 60.0);
}

TEST_CASE("every commented-out example of the defaults is valid") {
    const Config config = parse(uncommented_examples(), "examples");
    REQUIRE(config.initial.files.size() == 1);
    CHECK(config.initial.files[0].path == "start.h5");
    REQUIRE(config.initial.boxes.size() == 1);
    CHECK(config.initial.boxes[0].from == std::array<Index, 3>{0, 468, 840});
    CHECK(config.initial.boxes[0].to == std::array<Index, 3>{1, 536, 960});
    REQUIRE(config.initial.disks.size() == 1);
    CHECK(config.initial.disks[0].values.u == 0.25);
    REQUIRE(config.initial.scatter);
    CHECK(config.initial.scatter->count == 40);
}

TEST_CASE("every key is read and printed") {
    const std::string text = R"([grid]
shape = [64, 32, 16]
spacing = 0.5
precision = "f64"

[model]
feed = 0.02
kill = 0.048
diffusion_u = 0.03333333333333333
diffusion_v = 0.016666666666666666
dt = 0.1
stencil = "seven-point"
boundary = "periodic"
noise = 1e-05
seed = 9223372036854775807

[initial]
u = 0.9
v = -0.0

[[initial.file]]
path = "a \"b\" \\ ü.h5"
dataset = "group/v"
frame = -2
field = "u"

[[initial.box]]
from = [-1, 2, 3]
to = [10, 20, 30]
v = 1.0

[[initial.box]]
from = [0, 0, 0]
to = [1, 1, 1]
u = 0.0
v = 1e+20

[[initial.disk]]
center = [1.5, 2.0, 3.0]
radius = 0.75
u = 0.5

[initial.scatter]
count = 7
radius = 2.5
u = 0.25
v = 0.33

[time]
frames = 3
steps_per_frame = 5
initial_frame = true

[output]
enabled = false
directory = "else where"
fields = ["u", "v"]
chunk = [8, 8, 8]
codec = "zstd:3"
shuffle = false
checksum = false
keep_bits = 10
max_error = 0.0
layout = "parts"
frames_per_file = 10
queue_frames = 4
flush_every = 2
sync = "frame"

[threads]
compute = 3
io = 2
isa = "baseline"

[mpi]
ranks = [1, 2, 4]
hints = { "a b" = "c", striping_factor = "4" }

[checkpoint]
every = "50 frames"
keep = 3

[limits]
walltime = "36:00:01"
margin = "90s"
)";
    CHECK(to_toml(parse(text, "run.toml")) == text);
}

TEST_CASE(
    "a section that is not given keeps its defaults and the grid spacing reaches the physics") {
    const Config config = parse("grid.spacing = 2\nmodel.feed = 0\n", "run.toml");
    CHECK(config.grid.spacing == 2.0);
    CHECK(config.physics.spacing == 2.0);
    CHECK(config.physics.feed == 0.0);
    CHECK(config.physics.kill == 0.054);
}

TEST_CASE("an initial file knows where its path was written") {
    const std::string text =
        "[[initial.file]]\npath = \"a\"\n[[initial.file]]\nfield = \"u\"\npath "
        "= \"b\"";
    const auto files = parse(text, "run.toml").initial.files;
    REQUIRE(files.size() == 2);
    CHECK(files[0].place == "run.toml:2:1: ");
    CHECK(files[1].place == "run.toml:5:1: ");
}

TEST_CASE("defaults that depend on the grid") {
    CHECK(parse("grid.shape = [9, 9, 9]", "run.toml").physics.stencil ==
          kernel::Stencil::seven_point);
    CHECK(parse("grid.shape = [9, 9]", "run.toml").physics.stencil == kernel::Stencil::oono_puri);
    CHECK(parse("grid.shape = [9, 7]\noutput.chunk = [20, 3]", "run.toml").output.chunk ==
          std::vector<Index>{9, 3});
    CHECK(parse("[[initial.file]]\npath = \"a\"\nfield = \"u\"", "run.toml")
              .initial.files[0]
              .dataset == "u");
}

TEST_CASE("doubles survive printing bit by bit") {
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> exponent(-25.0, 25.0);
    for (int i = 0; i < 500; ++i) {
        Config config;
        config.initial.u = std::ldexp(std::uniform_real_distribution<double>(-1.0, 1.0)(random),
                                      static_cast<int>(exponent(random)));
        config.physics.feed = std::uniform_real_distribution<double>(0.0, 0.1)(random);
        config.output.max_error = std::pow(10.0, exponent(random));
        config.checkpoint.every = CheckpointSeconds{std::pow(10.0, exponent(random) / 5.0)};
        config.limits.margin_seconds = static_cast<double>(random() % 100000) / 8.0;
        const Config again = parse(to_toml(config), "run.toml");
        CHECK(again.initial.u == config.initial.u);
        CHECK(again.physics.feed == config.physics.feed);
        CHECK(again.output.max_error == config.output.max_error);
        CHECK(std::get<CheckpointSeconds>(again.checkpoint.every).seconds ==
              std::get<CheckpointSeconds>(config.checkpoint.every).seconds);
        CHECK(again.limits.margin_seconds == config.limits.margin_seconds);
    }
}

TEST_CASE("integers are fine where numbers are wanted") {
    CHECK(parse("model.dt = 1", "run.toml").physics.dt == 1.0);
    CHECK(to_toml(parse("model.dt = 1", "run.toml")).find("\ndt = 1.0\n") != std::string::npos);
}
