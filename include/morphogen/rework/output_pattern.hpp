#pragma once

#include "morphogen/core/box.hpp"

#include <filesystem>
#include <string>

namespace morphogen::rework {

/// What the name of a picture output asks for.
enum class OutputKind { picture, pictures, movie };

/// The file names of pictures: "x.png" for one, "img/%05d.png" for one per frame (the only
/// conversion is %d with an optional zero-padded width; %% is a percent sign), or a movie's name
/// (.mp4, .mkv, .webm, .mov).
class OutputPattern {
public:
    /// @throws core::UsageError naming the pattern.
    explicit OutputPattern(const std::string& pattern);

    OutputKind kind() const noexcept { return kind_; }
    /// The name for frame @p number; the number does not matter unless kind() is pictures.
    std::filesystem::path path(core::Index number) const;

private:
    OutputKind kind_ = OutputKind::picture;
    std::string before_;
    std::string after_;
    int width_ = 0; // digits, zero-padded
};

} // namespace morphogen::rework
