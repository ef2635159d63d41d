#pragma once

#include "morphogen/rework/image.hpp"

#include <filesystem>
#include <string>

namespace morphogen::rework {

/// The picture as a PNG file's bytes, 8-bit sRGB.
/// @throws core::Error with libpng's words.
std::string encode_png(const Image& image);

/// Writes a PNG file; the name never shows half a picture (written beside and renamed).
/// @throws core::Error naming the file.
void write_png(const std::filesystem::path& path, const Image& image);

} // namespace morphogen::rework
