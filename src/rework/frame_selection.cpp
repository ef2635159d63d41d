#include "morphogen/rework/frame_selection.hpp"

#include "morphogen/core/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>

namespace morphogen::rework {
namespace {

using core::Index;

std::optional<Index> parse_part(std::string_view part, std::string_view text) {
    if (part.empty()) return std::nullopt;
    Index number = 0;
    const auto [end, status] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (status != std::errc{} || end != part.data() + part.size())
        throw core::UsageError(core::ErrorText{.what = "not a selection of frames",
                                               .where = text,
                                               .why = "A:B:S or one number is expected",
                                               .advice = "write for example 0:100:10, -1 or ::5"});
    return number;
}

[[noreturn]] void nothing_selected(const std::string& why) {
    throw core::UsageError(core::ErrorText{.what = "no frame is selected", .why = why});
}

} // namespace

FrameSelection FrameSelection::parse(std::string_view text) {
    std::array<std::string_view, 3> parts{};
    std::size_t count = 0;
    std::string_view rest = text;
    while (true) {
        const std::size_t colon = rest.find(':');
        if (count < parts.size()) parts[count] = rest.substr(0, colon);
        ++count;
        if (colon == std::string_view::npos) break;
        rest.remove_prefix(colon + 1);
    }
    // Parsing "x" as a part gives the message for what is no selection at all.
    if (text.empty() || count > parts.size()) parse_part("x", text);
    FrameSelection selection;
    selection.start = parse_part(parts[0], text);
    selection.stop = parse_part(parts[1], text);
    selection.step = parse_part(parts[2], text).value_or(1);
    selection.single = count == 1;
    if (selection.step == 0)
        throw core::UsageError(core::ErrorText{
            .what = "not a selection of frames", .where = text, .why = "its step is 0"});
    return selection;
}

std::vector<Index> FrameSelection::of(Index frames) const {
    if (frames == 0) nothing_selected("there are no frames yet");
    const auto from_end = [&](Index i) { return i < 0 ? i + frames : i; };
    if (single) {
        const Index frame = from_end(start.value_or(-1));
        if (frame < 0 || frame >= frames)
            nothing_selected("frame " + std::to_string(*start) + " does not exist, there are " +
                             std::to_string(frames));
        return {frame};
    }
    // Python's slice.indices: the ends are clipped to what a step in this direction can reach.
    const bool forward = step > 0;
    const Index lowest = forward ? 0 : -1;
    const Index highest = forward ? frames : frames - 1;
    const auto clip = [&](Index i) { return std::clamp(from_end(i), lowest, highest); };
    const Index begin = start ? clip(*start) : (forward ? lowest : highest);
    const Index end = stop ? clip(*stop) : (forward ? highest : lowest);
    std::vector<Index> selected;
    for (Index i = begin; forward ? i < end : i > end; i += step) {
        selected.push_back(i);
        if (forward ? end - i <= step : end - i >= step) break; // i + step may not fit
    }
    if (selected.empty())
        nothing_selected("the range is empty, there are " + std::to_string(frames));
    return selected;
}

} // namespace morphogen::rework
