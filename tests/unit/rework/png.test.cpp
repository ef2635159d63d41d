#include "morphogen/rework/png.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <png.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace morphogen::rework;

namespace {

Image sample(morphogen::core::Index width, morphogen::core::Index height) {
    Image image{width, height, {}};
    for (morphogen::core::Index i = 0; i < 3 * width * height; ++i)
        image.rgb.push_back(static_cast<std::uint8_t>((i * 7919) % 251));
    return image;
}

/// Decodes with libpng's simplified interface.
Image decode(const std::string& bytes) {
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    REQUIRE(png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) != 0);
    png.format = PNG_FORMAT_RGB;
    Image image{png.width, png.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(png))};
    REQUIRE(png_image_finish_read(&png, nullptr, image.rgb.data(), 0, nullptr) != 0);
    return image;
}

} // namespace

TEST_CASE("a PNG reads back as the same pixels") {
    for (const auto& [width, height] :
         {std::pair{1, 1}, std::pair{1, 40}, std::pair{37, 1}, std::pair{101, 67}}) {
        const Image image = sample(width, height);
        const Image back = decode(encode_png(image));
        CHECK(back.width == width);
        CHECK(back.height == height);
        CHECK(back.rgb == image.rgb);
    }
}

TEST_CASE("an empty picture is refused") {
    CHECK_THROWS_WITH(encode_png(Image{}), Catch::Contains("0 x 0"));
    CHECK_THROWS_AS(encode_png(Image{std::int64_t{1} << 31, 1, {}}), morphogen::core::Error);
}

TEST_CASE("a picture that cannot be written names the file") {
    const morphogen::test::TemporaryDirectory directory;
    const auto path = directory / "no-such-directory" / "a.png";
    CHECK_THROWS_WITH(write_png(path, sample(2, 2)), Catch::Contains(path.string()));
}

TEST_CASE("writing a picture leaves one file") {
    const morphogen::test::TemporaryDirectory directory;
    write_png(directory / "a.png", sample(8, 8));
    write_png(directory / "a.png", sample(9, 9));
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory.path()))
        ++files;
    CHECK(files == 1);
}

TEST_CASE("no picture takes more than what is said to be the most") {
    std::uint32_t state = 1;
    for (const auto& [width, height] :
         {std::pair{1, 1}, std::pair{70, 80}, std::pair{3, 5000}, std::pair{900, 700}}) {
        Image noise{width, height, {}};
        for (int i = 0; i < 3 * width * height; ++i) {
            state = state * 1664525U + 1013904223U;
            noise.rgb.push_back(static_cast<std::uint8_t>(state >> 24));
        }
        const std::string bytes = encode_png(noise);
        CHECK(bytes.size() > noise.rgb.size() / 2); // noise does not compress
        CHECK(bytes.size() <= largest_png(width, height));
    }
}
