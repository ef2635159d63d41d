#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/core/stopwatch.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace morphogen::run {

/// What a progress line tells.
struct ProgressState {
    core::Index frame = 0;
    core::Index frames = 0;
    core::Index first_frame = 0; // that this launch began after
    core::Index step = 0;
    double cells_per_s = 0.0;
    core::Index queue = 0;
    core::Index queue_capacity = 0;
};

/// Progress on a stream: on a terminal a bar that redraws itself a few times per second, elsewhere
/// a plain line every ten seconds. One thread.
class Progress {
public:
    enum class Mode { automatic, silent };
    explicit Progress(std::FILE* stream, Mode mode = Mode::automatic);

    void update(const ProgressState& state);
    /// The same for other work: "painting: frame 12/200  8.3/s  ETA 00:00:23".
    void update(std::string_view what, core::Index done, core::Index all);
    /// Ends the bar's line; nothing elsewhere.
    void finish();

    /// The text alone: "frame 12/200  2.31 G cells/s  ETA 00:01:12  queue 1/2".
    static std::string line(const ProgressState& state, double elapsed_s);
    static std::string line(std::string_view what, core::Index done, core::Index all,
                            double elapsed_s);

private:
    bool due() const noexcept { return !silent_ && watch_.seconds() >= next_; }
    void draw(const std::string& text, core::Index done, core::Index all);
    void put(const std::string& text);

    std::FILE* stream_;
    bool terminal_ = false;
    bool silent_ = false;
    bool drawn_ = false;
    double next_ = 0.0;  // seconds since start at which the next line is due
    std::string stage_;  // the work of update(what, ...)
    double began_ = 0.0; // it, seconds since start
    core::Stopwatch watch_;
};

} // namespace morphogen::run
