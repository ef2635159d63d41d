#include "morphogen/rework/output_pattern.hpp"

#include "morphogen/core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string_view>

namespace morphogen::rework {
namespace {

[[noreturn]] void refuse(const std::string& pattern, std::string_view why) {
    throw core::UsageError(
        core::ErrorText{.what = "not a name for pictures",
                        .where = pattern,
                        .why = why,
                        .advice = "write for example last.png, img/%05d.png or movie.mp4"});
}

std::string lower_extension(const std::string& pattern) {
    std::string extension = std::filesystem::path(pattern).extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

} // namespace

OutputPattern::OutputPattern(const std::string& pattern) {
    constexpr std::array movies{".mp4", ".mkv", ".webm", ".mov"};
    const std::string extension = lower_extension(pattern);
    const bool movie = std::find(movies.begin(), movies.end(), extension) != movies.end();
    if (!movie && extension != ".png")
        refuse(pattern, "it ends neither in .png nor in .mp4, .mkv, .webm or .mov");

    std::string* part = &before_;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '%') {
            *part += pattern[i];
            continue;
        }
        if (pattern.compare(i, 2, "%%") == 0) {
            *part += pattern[++i];
            continue;
        }
        std::size_t digits = i + 1;
        while (digits < pattern.size() &&
               std::isdigit(static_cast<unsigned char>(pattern[digits])) != 0)
            ++digits;
        const std::string width = pattern.substr(i + 1, digits - i - 1);
        if (digits >= pattern.size() || pattern[digits] != 'd' || width.size() > 3)
            refuse(pattern, "after % only d, a width like 05d, or another % may stand");
        if (part == &after_) refuse(pattern, "it has two places for the frame's number");
        if (!width.empty()) width_ = std::stoi(width);
        part = &after_;
        i = digits;
    }
    if (movie && part == &after_) refuse(pattern, "a movie has no place for a frame's number");
    kind_ = movie             ? OutputKind::movie
            : part == &after_ ? OutputKind::pictures
                              : OutputKind::picture;
}

std::filesystem::path OutputPattern::path(core::Index number) const {
    if (kind_ != OutputKind::pictures) return before_;
    return fmt::format("{}{:0{}}{}", before_, number, width_, after_);
}

} // namespace morphogen::rework
