#include "morphogen/rework/png.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/error.hpp"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <new>

namespace morphogen::rework {
namespace {

/// What libpng's callbacks share with the caller.
struct Job {
    std::string* bytes;
    std::array<char, 256> error{};
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
    auto* job = static_cast<Job*>(png_get_error_ptr(png));
    std::snprintf(job->error.data(), job->error.size(), "%s", message);
    png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep data, std::size_t size) {
    bool stored = true;
    try {
        static_cast<Job*>(png_get_io_ptr(png))
            ->bytes->append(reinterpret_cast<const char*>(data), size);
    } catch (const std::bad_alloc&) {
        stored = false; // no exception may pass through libpng's frames, and png_error may not
                        // leave a handler
    }
    if (!stored) png_error(png, "out of memory");
}

/// libpng reports errors by longjmp to here: nothing in this function or in the callbacks above has
/// a destructor that the jump would skip.
bool encode(Job& job, const std::uint8_t* rgb, png_uint_32 width, png_uint_32 height) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
    png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
    if (info == nullptr) {
        png_destroy_write_struct(&png, nullptr);
        return false;
    }
    if (setjmp(png_jmpbuf(png)) != 0) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_set_write_fn(png, &job, on_write, nullptr);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // the default stops at a million
    png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    // The time goes into choosing filters row by row and into zlib; for smooth fields these two
    // cost little size.
    png_set_filter(png, 0, PNG_FILTER_SUB | PNG_FILTER_UP);
    png_set_compression_level(png, 3);
    png_write_info(png, info);
    for (png_uint_32 y = 0; y < height; ++y)
        png_write_row(png, rgb + 3 * static_cast<std::size_t>(width) * y);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return true;
}

} // namespace

std::uint64_t largest_png(core::Index width, core::Index height) noexcept {
    // A filter's byte per row. zlib stores what does not compress with 5 bytes per block, libpng
    // cuts the stream into chunks of 8 KiB with 12 bytes each; small pictures have small windows,
    // for which deflateBound() says up to a seventh more.
    const std::uint64_t rows =
        (3 * static_cast<std::uint64_t>(width) + 1) * static_cast<std::uint64_t>(height);
    return rows + rows / 256 + 64 * 1024;
}

std::string encode_png(const Image& image) {
    std::string bytes;
    encode_png(image, bytes);
    return bytes;
}

void encode_png(const Image& image, std::string& bytes) {
    const auto too_large = static_cast<core::Index>(PNG_UINT_31_MAX);
    if (image.width < 1 || image.height < 1 || image.width > too_large || image.height > too_large)
        throw core::Error(
            {.what = "cannot make a PNG",
             .where = std::to_string(image.width) + " x " + std::to_string(image.height),
             .why = "its sides must be 1 to 2147483647 pixels"});
    bytes.clear();
    bytes.reserve(largest_png(image.width, image.height)); // doubling could take three times that
    Job job{.bytes = &bytes};
    if (!encode(job, image.rgb.data(), core::checked_cast<png_uint_32>(image.width),
                core::checked_cast<png_uint_32>(image.height)))
        throw core::Error(core::ErrorText{.what = "cannot make a PNG",
                                          .why = job.error[0] != '\0' ? job.error.data()
                                                                      : "libpng cannot start"});
}

void write_png(const std::filesystem::path& path, const Image& image) {
    core::replace_file(path, encode_png(image), core::Durability::none);
}

} // namespace morphogen::rework
