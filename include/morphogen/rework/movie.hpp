#pragma once

#include "morphogen/rework/image.hpp"

#include <filesystem>
#include <memory>

namespace morphogen::rework {

/// A video file, made by the program ffmpeg, which gets the pictures through a pipe. The file
/// appears under its name once close() has returned; without that, nothing is left. One thread.
class Movie {
public:
    /// @param width, height pixels, even: video has one sample of colour per 2 x 2 pixels.
    /// @throws core::Error if ffmpeg is not installed.
    Movie(std::filesystem::path path, core::Index width, core::Index height,
          double frames_per_second);
    ~Movie();
    Movie(Movie&&) noexcept;
    Movie& operator=(Movie&&) noexcept;

    /// @p image has the movie's size. @throws core::Error with ffmpeg's last words and how it
    /// ended.
    void add(const Image& image);

    /// Waits for ffmpeg and gives the file its name. @throws core::Error with ffmpeg's last words.
    void close();

private:
    struct Process;
    std::unique_ptr<Process> process_;
};

} // namespace morphogen::rework
