#include "morphogen/run/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace morphogen::run {
namespace {

constexpr double terminal_period_s = 0.2;
constexpr double plain_period_s = 10.0;
constexpr core::Index bar_cells = 24;

std::string clock_text(double seconds) {
    const auto s = static_cast<long>(std::clamp(seconds, 0.0, 359'999.0));
    return fmt::format("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

} // namespace

Progress::Progress(std::FILE* stream, Mode mode)
    : stream_(stream), terminal_(::isatty(::fileno(stream)) == 1), silent_(mode == Mode::silent),
      next_(terminal_ ? 0.0 : plain_period_s) {}

std::string Progress::line(const ProgressState& state, double elapsed_s) {
    const double done = static_cast<double>(state.frame - state.first_frame);
    const double left = static_cast<double>(state.frames - state.frame);
    std::string text = fmt::format("frame {}/{}  step {}  {:.3g} G cell updates/s", state.frame,
                                   state.frames, state.step, state.cells_per_s * 1e-9);
    text +=
        done > 0 ? fmt::format("  ETA {}", clock_text(elapsed_s / done * left)) : "  ETA --:--:--";
    if (state.queue_capacity > 0)
        text += fmt::format("  queue {}/{}", state.queue, state.queue_capacity);
    return text;
}

std::string Progress::line(std::string_view what, core::Index done, core::Index all,
                           double elapsed_s) {
    const double rate = elapsed_s > 0.0 ? static_cast<double>(done) / elapsed_s : 0.0;
    const std::string left =
        rate > 0.0 ? clock_text(static_cast<double>(all - done) / rate) : "--:--:--";
    return fmt::format("{} {}/{}  {:.3g}/s  ETA {}", what, done, all, rate, left);
}

void Progress::update(const ProgressState& state) {
    if (due()) draw(line(state, watch_.seconds()), state.frame, state.frames);
}

void Progress::update(std::string_view what, core::Index done, core::Index all) {
    if (stage_ != what) {
        stage_ = what;
        began_ = watch_.seconds();
    }
    if (due()) draw(line(what, done, all, watch_.seconds() - began_), done, all);
}

void Progress::draw(const std::string& text, core::Index done, core::Index all) {
    next_ = watch_.seconds() + (terminal_ ? terminal_period_s : plain_period_s);
    if (!terminal_) {
        put(fmt::format("morphogen: {}\n", text));
    } else {
        const core::Index filled = all > 0 ? bar_cells * done / all : 0;
        const auto size = static_cast<std::size_t>(bar_cells);
        std::string bar(size, '.');
        std::fill_n(bar.begin(), filled, '#');
        put(fmt::format("\r\x1b[K[{}] {}", bar, text)); // \x1b[K: erase what the last line left
        drawn_ = true;
    }
}

/// A log on a full disk must not end a run that has its own.
void Progress::put(const std::string& text) {
    static_cast<void>(std::fputs(text.c_str(), stream_));
    static_cast<void>(std::fflush(stream_));
}

void Progress::finish() {
    if (drawn_) put("\r\x1b[K");
    drawn_ = false;
}

} // namespace morphogen::run
