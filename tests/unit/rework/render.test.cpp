#include "morphogen/rework/render.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/output_pattern.hpp"

#include "catch.hpp"
#include "support.hpp"
#include "temporary_directory.hpp"

#include <png.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

using namespace morphogen::rework;
using morphogen::core::Error;
using morphogen::core::Extents;
using morphogen::core::Index;
using morphogen::core::UsageError;
using morphogen::test::pixel;
namespace fs = std::filesystem;

namespace {

/// Value = frame + 10 z + (y + x) / 1000; the first cell of every plane is not a number.
class Synthetic : public FrameSource {
public:
    Synthetic(Index frames, Extents shape) : frames_(frames), shape_(shape) {}
    Index frames() const override { return frames_; }
    Extents shape() const override { return shape_; }
    std::uint64_t reading_bytes(int) const override { return 0; }
    void read(std::span<const Index> frames, Index, Index last, std::span<double> planes,
              int) override {
        std::size_t i = 0;
        for (const Index frame : frames)
            for (Index y = 0; y < shape_[1]; ++y)
                for (Index x = 0; x < shape_[2]; ++x)
                    planes[i++] = y + x == 0 ? std::numeric_limits<double>::quiet_NaN()
                                             : static_cast<double>(frame + 10 * (last - 1)) +
                                                   static_cast<double>(y + x) / 1000.0;
        CHECK(i == planes.size());
        ++reads;
    }
    Index reads = 0;

private:
    Index frames_;
    Extents shape_;
};

/// A directory of the test's own that does not exist yet.
struct Folder {
    morphogen::test::TemporaryDirectory parent;
    fs::path path = parent / "pictures";
};

Image read_png(const fs::path& path) {
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    REQUIRE(png_image_begin_read_from_file(&png, path.c_str()) != 0);
    png.format = PNG_FORMAT_RGB;
    Image image{png.width, png.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(png))};
    REQUIRE(png_image_finish_read(&png, nullptr, image.rgb.data(), 0, nullptr) != 0);
    return image;
}

RenderOptions to(const fs::path& path) {
    RenderOptions options;
    options.output = path.string();
    return options;
}

} // namespace

TEST_CASE("selections are those of Python") {
    using V = std::vector<Index>;
    const auto of = [](const char* text, Index n) { return FrameSelection::parse(text).of(n); };
    CHECK(of(":", 3) == V{0, 1, 2});
    CHECK(of("1:", 4) == V{1, 2, 3});
    CHECK(of("::2", 5) == V{0, 2, 4});
    CHECK(of("-2:", 5) == V{3, 4});
    CHECK(of(":-3", 5) == V{0, 1});
    CHECK(of("::-2", 5) == V{4, 2, 0});
    CHECK(of("3:0:-1", 5) == V{3, 2, 1});
    CHECK(of("-100:100", 2) == V{0, 1});
    CHECK(of("0:10:9223372036854775807", 5) == V{0});
    CHECK(of("-1", 5) == V{4});
    CHECK(of("2", 5) == V{2});
    CHECK_THROWS_AS(of("5", 5), UsageError);
    CHECK_THROWS_AS(of("-6", 5), UsageError);
    CHECK_THROWS_AS(of("3:3", 5), UsageError);
    CHECK_THROWS_AS(of(":", 0), UsageError);
    for (const char* text :
         {"", "a", "1:2:3:4", "1:b", "::0", "1 : 2", "1:2x", "99999999999999999999"})
        CHECK_THROWS_AS(FrameSelection::parse(text), UsageError);
}

TEST_CASE("output names say what is wanted") {
    CHECK(OutputPattern("a/b.png").kind() == OutputKind::picture);
    CHECK(OutputPattern("m.MP4").kind() == OutputKind::movie);
    CHECK(OutputPattern("i/%05d.png").kind() == OutputKind::pictures);
    CHECK(OutputPattern("i/%05d.png").path(42) == "i/00042.png");
    CHECK(OutputPattern("%d-%%.png").path(123456) == "123456-%.png");
    for (const char* text :
         {"", "a", "a.jpg", "%s.png", "%d%d.png", "%.png", "%-3d.png", "%d.mp4", "%9999d.png"})
        CHECK_THROWS_AS(OutputPattern(text), UsageError);
}

TEST_CASE("option texts are checked") {
    CHECK(parse_range("-1,2.5") == ValueRange{-1.0, 2.5});
    for (const char* text : {"", "1", "1,", ",1", "2,1", "1,1", "nan,1", "0,inf", "0,1,2"})
        CHECK_THROWS_AS(parse_range(text), UsageError);
    CHECK(parse_scale("3").up == 3);
    CHECK(parse_scale("1/4").down == 4);
    CHECK(parse_scale("0.25").down == 4);
    CHECK(parse_scale("0.5").down == 2);
    for (const char* text : {"", "0", "-1", "1/0", "2/3", "1.5", "65", "0.0", "0.3", "-0.5", "nan"})
        CHECK_THROWS_AS(parse_scale(text), UsageError);
    CHECK(parse_slice("z=-1") == -1);
    CHECK_THROWS_AS(parse_slice("y=3"), UsageError);
    CHECK_THROWS_AS(parse_projection("min"), UsageError);
}

TEST_CASE("a picture shows the last frame and missing values") {
    const Folder folder;
    Synthetic source(5, {1, 20, 30});
    RenderOptions options = to(folder.path / "deep" / "last.png");
    options.scale.up = 2;
    const RenderResult result = render_frames(source, options);
    CHECK(result.pictures == 1);
    CHECK(result.range.low == Approx(4.001));
    CHECK(result.range.high == Approx(4.048));
    const Image image = read_png(result.first);
    const Colormap colors(colormap_names().front());
    CHECK(image.width == 60);
    CHECK(image.height == 40);
    CHECK(pixel(image, 1, 1) == colors.missing());
    CHECK(pixel(image, 59, 39) == colors(1.0));
}

TEST_CASE("every selected frame has a file and one range serves all") {
    const Folder folder;
    Synthetic source(10, {1, 4, 6});
    RenderOptions options = to(folder.path / "f%03d.png");
    options.frames = FrameSelection::parse("1::4");
    Index told = 0;
    options.progress = [&](RenderStage stage, Index done, Index all) {
        CHECK(all == 3);
        told += stage == RenderStage::range ? 0 : 1;
        CHECK(done >= told);
    };
    const RenderResult result = render_frames(source, options);
    CHECK(told == 3);
    CHECK(result.range.low == Approx(1.001));
    CHECK(result.range.high == Approx(9.008));
    CHECK(fs::exists(folder.path / "f001.png"));
    CHECK(fs::exists(folder.path / "f005.png"));
    CHECK(fs::exists(folder.path / "f009.png"));
    CHECK(result.last == folder.path / "f009.png");
}

TEST_CASE("three dimensions are cut or projected") {
    const Folder folder;
    Synthetic source(2, {7, 4, 4});
    const auto low_of = [&](auto&& change) {
        RenderOptions options = to(folder.path / "x.png");
        change(options);
        return render_frames(source, options).range.low;
    };
    CHECK(low_of([](RenderOptions&) {}) == Approx(31.001));
    CHECK(low_of([](RenderOptions& o) { o.slice = -1; }) == Approx(61.001));
    CHECK(low_of([](RenderOptions& o) { o.flatten = Flatten::max; }) == Approx(61.001));
    CHECK_THROWS_AS(low_of([](RenderOptions& o) { o.slice = 7; }), UsageError);
    CHECK_THROWS_AS(low_of([](RenderOptions& o) { o.slice = -8; }), UsageError);
}

TEST_CASE("several frames for one picture are refused") {
    Synthetic source(3, {1, 4, 4});
    RenderOptions options = to("x.png");
    options.frames = FrameSelection{};
    CHECK_THROWS_WITH(render_frames(source, options), Catch::Contains("%05d"));
}

TEST_CASE("a directory that cannot be made is named") {
    const Folder folder;
    fs::create_directories(folder.path);
    {
        std::FILE* f = std::fopen((folder.path / "file").c_str(), "w");
        REQUIRE(f != nullptr);
        std::fclose(f);
    }
    Synthetic source(1, {1, 4, 4});
    CHECK_THROWS_WITH(render_frames(source, to(folder.path / "file" / "x.png")),
                      Catch::Contains("file"));
}

TEST_CASE("threads and memory change nothing in the pictures") {
    const Folder folder;
    Synthetic source(23, {1, 40, 50});
    const auto render = [&](const char* name, int threads, std::uint64_t memory) {
        RenderOptions options = to(folder.path / name / "%02d.png");
        options.threads = threads;
        options.memory = memory;
        options.scale.down = 2;
        return render_frames(source, options);
    };
    const std::uint64_t plenty = 1 << 30;
    const std::uint64_t little = 700 * 1024; // 23 planes alone are 368 KB
    CHECK(render("one", 1, plenty).pictures == 23);
    CHECK(source.reads == 1); // all fit: the range needs no second reading
    source.reads = 0;
    render("tight", 3, little);
    CHECK(source.reads > 2);
    render("four", 4, plenty);
    for (const auto& entry : fs::directory_iterator(folder.path / "one")) {
        const Image expected = read_png(entry.path());
        for (const char* name : {"tight", "four"})
            CHECK(read_png(folder.path / name / entry.path().filename()).rgb == expected.rgb);
    }
}

TEST_CASE("memory that cannot do is refused with the least that can") {
    const Folder folder;
    Synthetic source(3, {1, 400, 500});
    RenderOptions options = to(folder.path / "%d.png");
    options.threads = 2;
    options.memory = 1 << 20;
    std::string message;
    try {
        render_frames(source, options);
    } catch (const UsageError& error) {
        message = error.what();
    }
    const std::string before = "give --memory ";
    CAPTURE(message);
    REQUIRE(message.find(before) != std::string::npos);
    CHECK_FALSE(fs::exists(folder.path)); // before anything is begun
    options.memory = std::stoull(message.substr(message.find(before) + before.size())) << 20;
    CHECK(render_frames(source, options).pictures == 3);
    CHECK(options.memory < 6 << 20);
}

TEST_CASE("an error of the source ends the rendering") {
    const Folder folder;
    struct Broken : Synthetic {
        using Synthetic::Synthetic;
        void read(std::span<const Index> frames, Index first, Index last, std::span<double> planes,
                  int threads) override {
            if (reads == 1) throw Error("the disk is gone");
            Synthetic::read(frames, first, last, planes, threads);
        }
    };
    Broken source(200, {1, 8, 8});
    RenderOptions options = to(folder.path / "%d.png");
    options.range = ValueRange{0, 1};
    options.threads = 2;
    CHECK_THROWS_WITH(render_frames(source, options), Catch::Contains("the disk is gone"));
    CHECK(fs::exists(folder.path / "0.png")); // of the batch before
}

TEST_CASE("an error while writing pictures ends the rendering") {
    const Folder folder;
    Synthetic source(20, {1, 8, 8});
    RenderOptions options = to(folder.path / "%d.png");
    options.threads = 3;
    fs::create_directories(folder.path / "7.png"); // cannot be replaced by a file
    CHECK_THROWS_WITH(render_frames(source, options), Catch::Contains("7.png"));
    CHECK(fs::exists(folder.path / "6.png"));
    CHECK_FALSE(fs::exists(folder.path / "8.png"));
    CHECK_FALSE(fs::exists(folder.path / "7.png.new"));
}

TEST_CASE("an ffmpeg that is killed while it reads is an error with its last words") {
    const Folder folder;
    fs::create_directories(folder.path);
    const fs::path fake = folder.path / "ffmpeg";
    {
        std::ofstream script(fake);
        script << "#!/bin/sh\n"
                  "for last; do :; done\n"
                  "head -c 100000 > \"${last#file:}\"\n"
                  "echo 'first words' >&2; echo 'out of luck' >&2\n"
                  "kill -9 $$\n";
    }
    fs::permissions(fake, fs::perms::owner_all);
    const std::string path = std::getenv("PATH");
    REQUIRE(::setenv("PATH", (folder.path.string() + ":" + path).c_str(), 1) == 0);
    Synthetic source(300, {1, 64, 64}); // 3.7 MB, more than any socket holds
    CHECK_THROWS_WITH(render_frames(source, to(folder.path / "m.mp4")),
                      Catch::Contains("signal 9") && Catch::Contains("first words / out of luck"));
    ::setenv("PATH", path.c_str(), 1);
    fs::remove(fake);
    CHECK(fs::is_empty(folder.path)); // no half movie
}

TEST_CASE("the facts come as JSON") {
    const Folder folder;
    Synthetic source(2, {1, 4, 6});
    RenderOptions options = to(folder.path / "%d.png");
    options.range = ValueRange{0.0, 0.5};
    const std::string json = to_json(render_frames(source, options));
    for (const char* part :
         {"\"pictures\": 2", "\"width\": 6", "\"height\": 4", "\"range\": [0, 0.5]",
          "\"range_from\": \"given\"", "\"seconds\"", "\"bytes\""}) {
        CAPTURE(part);
        CHECK(json.find(part) != std::string::npos);
    }
}

TEST_CASE("a frame rate is above 0") {
    Synthetic source(1, {1, 4, 4});
    for (const double rate : {0.0, -1.0, std::nan("")}) {
        RenderOptions options = to("x.png");
        options.frames_per_second = rate;
        CHECK_THROWS_AS(render_frames(source, options), UsageError);
    }
}

TEST_CASE("a movie is made by ffmpeg") {
    if (std::system("ffmpeg -version >/dev/null 2>&1") != 0) {
        WARN("no ffmpeg here: not tested");
        return;
    }
    const Folder folder;
    Synthetic source(12, {1, 33, 51}); // odd sides
    const RenderResult result = render_frames(source, to(folder.path / "m.mp4"));
    CHECK(result.pictures == 12);
    CHECK(fs::file_size(folder.path / "m.mp4") > 500);
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
    const std::string probe =
        "ffprobe -v error -count_frames -show_entries stream=nb_read_frames,width,height -of "
        "csv=p=0 '" +
        (folder.path / "m.mp4").string() + "' | grep -q '^52,34,12$'";
    CHECK(std::system(probe.c_str()) == 0);
}

TEST_CASE("without ffmpeg the message says what to do") {
    const Folder folder;
    Synthetic source(2, {1, 8, 8});
    const std::string path = std::getenv("PATH");
    REQUIRE(::setenv("PATH", "/nowhere", 1) == 0);
    CHECK_THROWS_WITH(render_frames(source, to(folder.path / "m.mp4")),
                      Catch::Contains("install ffmpeg"));
    ::setenv("PATH", path.c_str(), 1);
}

TEST_CASE("when ffmpeg fails its words come through and nothing is left") {
    if (std::system("ffmpeg -version >/dev/null 2>&1") != 0) return;
    const Folder folder;
    Synthetic source(200, {1, 64, 64});
    fs::create_directories(folder.path / "m.unfinished.mp4"); // where ffmpeg wants to write
    CHECK_THROWS_WITH(render_frames(source, to(folder.path / "m.mp4")),
                      Catch::Contains("ffmpeg failed") && Catch::Contains("m.mp4"));
    CHECK_FALSE(fs::exists(folder.path / "m.mp4"));
}
