#include "catch.hpp"
#include "support.hpp"

using namespace morphogen;
using namespace morphogen::config;
using test::error;

namespace {

Config with(std::string_view toml, const std::vector<std::string>& overrides) {
    return parse(toml, "run.toml", overrides);
}

} // namespace

TEST_CASE("an override replaces a value or adds a key or a table") {
    CHECK(with("model.feed = 0.5", {"model.feed=0.03"}).physics.feed == 0.03);
    CHECK(with("", {"model.feed=0.03", "model.feed = 0.04"}).physics.feed ==
          0.04); // the last one counts
    CHECK(with("[model]\nkill = 0.06", {"model.feed=0.03"}).physics.kill == 0.06);
    CHECK(with("", {"output.codec=\"lz4\""}).output.codec.compressor == codec::Compressor::lz4);
    CHECK(with("grid.shape = [4, 4]", {"grid.shape=[8, 9, 10]"}).grid.shape == Extents{8, 9, 10});
    CHECK(with("model.feed = \"wrong\"", {"model.feed=0.03"}).physics.feed == 0.03);
    CHECK(with("model.feed = 0.5\nmodel.kill = 0.01", {"model={feed=0.25}"}).physics.kill == 0.01);
}

TEST_CASE("an override sets lists and tables as a whole") {
    const std::string box = "[[initial.box]]\nfrom = [1, 2]\nto = [3, 4]\nv = 1\n";
    const Config boxes =
        with(box, {"initial.box=[{from=[5,6],to=[7,8],u=0.5},{from=[0,0],to=[1,1],v=1}]"});
    REQUIRE(boxes.initial.boxes.size() == 2);
    CHECK(boxes.initial.boxes[0].from == std::array<Index, 3>{0, 5, 6});
    CHECK(with(box, {"initial.box=[]"}).initial.is_default());
    CHECK(with("mpi.hints = {a = \"1\"}", {"mpi.hints={}"}).mpi.hints.empty());
    CHECK(with("mpi.hints = {a = \"1\"}", {"mpi.hints.b=\"2\""}).mpi.hints.size() == 2);
    CHECK(with("[initial.scatter]\ncount = 3", {"initial.scatter.radius=9"})
              .initial.scatter->radius == 9.0);
    CHECK(error(box, {"initial.box.v=3"}) ==
          "--set initial.box.v=3: 'initial.box' is not a table, a key below it cannot be set; set "
          "it as a whole: --set "
          "'initial.box=...'");
}

TEST_CASE("errors of an override are named by it") {
    CHECK(error("", {"model.fed=1"}) ==
          "--set model.fed=1: unknown key 'model.fed' (did you mean 'model.feed'?)");
    CHECK(error("", {"model.feed=-1"}) == "--set model.feed=-1: 'model.feed' must be a number of "
                                          "at least 0, got -1; write for example 0.014");
    CHECK(error("", {"grid.shape=[0,1]"}) ==
          "--set grid.shape=[0,1]: 'grid.shape' must be 2 or 3 positive integers, got [0, 1]; "
          "write for example [1080, "
          "1920]");
    CHECK(error("", {"initial.box=[{from=[1,2],to=[3,4]}]"}) ==
          "--set initial.box=[{from=[1,2],to=[3,4]}]: 'initial.box' number 1 sets neither u nor v; "
          "add for example v = "
          "1.0");
    CHECK(error("model.diffusion_u = 1", {"model.dt=9"})
              .starts_with("--set model.dt=9: 'model.dt' = 9.0 is unstable"));
}

TEST_CASE("what is not KEY=VALUE is refused with the right way to write it") {
    const std::string usage = "write KEY=VALUE, for example --set model.feed=0.03";
    for (const char* text :
         {"model.feed", "=3", "", "[model]", "# a", "model.feed=1\nmodel.kill=1", "a b=3"}) {
        INFO(text);
        const std::string line = error("", {text});
        CHECK(line.starts_with("--set "));
        CHECK(line.ends_with(usage));
        CHECK(line.find('\n') == std::string::npos);
    }
    CHECK(error("", {"model.feed="}) == "--set model.feed=: the value is missing; " + usage);
    CHECK(error("", {"output.codec=lz4"}) ==
          "--set output.codec=lz4: text needs quotes, and the shell takes one pair "
          "away; write --set 'output.codec=\"lz4\"'");
    CHECK(error("", {"checkpoint.every=10min"}) ==
          "--set checkpoint.every=10min: text needs quotes, and the shell takes one pair away; "
          "write --set "
          "'checkpoint.every=\"10min\"'");
    CHECK(error("", {"output.codc=lz4"}) ==
          "--set output.codc=lz4: unknown key 'output.codc' (did you mean 'output.codec'?)");
    CHECK(error("", {"model.dt=fast"}) == "--set model.dt=fast: 'model.dt' must be a number "
                                          "greater than 0, got \"fast\"; write for example 1.0");
    CHECK(error("", {"output.fields=[v]"}) ==
          "--set output.fields=[v]: not valid TOML: Error while parsing value: could not determine "
          "value type; lists are "
          "[1, 2], text is \"in quotes\", all of it in '...' for the shell");
}

TEST_CASE("overrides of a file that is not TOML are not judged without it") {
    const auto lines =
        test::errors("grid = [", {"initial.box=[{from=[1,2,3],to=[3,4,5],v=1}]", "bad"});
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].starts_with("run.toml:1:"));
    CHECK(lines[1].starts_with("--set bad: "));
}
