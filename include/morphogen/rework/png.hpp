#pragma once

#include "morphogen/rework/image.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace morphogen::rework {

/// The picture as a PNG file's bytes, 8-bit sRGB.
/// @throws core::Error with libpng's words.
std::string encode_png(const Image& image);
/// The same into @p bytes, whose memory is used again.
void encode_png(const Image& image, std::string& bytes);

/// Bytes that the PNG of a picture can take at most; pixels.
std::uint64_t largest_png(core::Index width, core::Index height) noexcept;

/// Writes a PNG file; the name never shows half a picture (written beside and renamed).
/// @throws core::Error naming the file.
void write_png(const std::filesystem::path& path, const Image& image);

} // namespace morphogen::rework
