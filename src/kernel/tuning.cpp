#include "morphogen/kernel/tuning.hpp"

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/stopwatch.hpp"

#include "kernel/row_kernels.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace morphogen::kernel {

namespace {

using core::Extents;
using core::Index;

/// What a candidate must gain over the choice from the caches' sizes: less is noise.
constexpr double clear_gain = 1.03;

/// @p shape cut in halves until its two states fit into tuning_bytes; columns last, because their
/// number decides how far rows lie apart.
template <typename T>
Extents part_of(Extents shape) {
    constexpr Index cells = static_cast<Index>(tuning_bytes / (4 * sizeof(T)));
    while (core::volume(shape) > cells) {
        const std::array<Index, 3> weights{shape[0], shape[1], shape[2] / 4};
        const auto longest =
            static_cast<std::size_t>(std::ranges::max_element(weights) - weights.begin());
        shape[longest] = (shape[longest] + 1) / 2;
    }
    return shape;
}

/// Two states of a whole grid with an edge of zeros, as a run's arrays lie in memory.
template <typename T>
class Ground {
public:
    explicit Ground(const Extents& shape)
        : shape_(shape), pitch_((shape[2] + line<T> - 1) / line<T> * line<T> + line<T>),
          size_(shape[0] * shape[1] * pitch_ + 5 * line<T>),
          memory_(static_cast<std::size_t>(4 * size_)) {}

    Fields<T> state(int which) {
        T* const u = memory_.data() + 2 * which * size_;
        const Index plane = shape_[1] * pitch_;
        return {{u, shape_, pitch_, plane}, {u + size_, shape_, pitch_, plane}};
    }

    void fill() { // nothing that decays to subnormals within the measurement
        std::fill_n(memory_.data(), memory_.size(), T(0.25));
    }

private:
    Extents shape_;
    Index pitch_;
    Index size_; // of one field
    core::AlignedBuffer<T> memory_;
};

struct Trial {
    Tiling tiling;
    double seconds_per_step = std::numeric_limits<double>::infinity();
};

/// Where tilings are tried.
template <typename T>
class Course {
public:
    Course(const Physics& physics, const Extents& shape, Isa isa, int threads)
        : physics_(physics), geometry_(whole(info(physics.stencil).dims, part_of<T>(shape))),
          isa_(isa), threads_(threads), ground_(geometry_.global) {
        physics_.noise = 0;
    }

    /// Touches the memory, and wakes the threads up.
    void warm_up(const Tiling& tiling) {
        Stepper<T> stepper(physics_, geometry_, isa_, threads_, tiling);
        stepper.first_touch(ground_.state(0));
        stepper.first_touch(ground_.state(1));
        ground_.fill();
        there_and_back(stepper);
    }

    /// Seconds per step of two sweeps. One tiling's buffers at a time: together they could be more
    /// than the run's own.
    double seconds_per_step(const Tiling& tiling) {
        Stepper<T> stepper(physics_, geometry_, isa_, threads_, tiling);
        return there_and_back(stepper);
    }

private:
    static BlockGeometry whole(int dims, const Extents& shape) {
        constexpr std::array edges{Face::zero, Face::zero};
        return {.dims = dims,
                .global = shape,
                .block = {{0, 0, 0}, shape},
                .faces = {{edges, edges, edges}},
                .halo = 0};
    }

    double there_and_back(Stepper<T>& stepper) {
        const core::Stopwatch watch;
        stepper.sweep(ground_.state(0).as_const(), ground_.state(1), 0, stepper.depth());
        stepper.sweep(ground_.state(1).as_const(), ground_.state(0), 0, stepper.depth());
        return watch.seconds() / static_cast<double>(2 * stepper.depth());
    }

    Physics physics_;
    BlockGeometry geometry_;
    Isa isa_;
    int threads_;
    Ground<T> ground_;
};

/// The candidate with the least time, after about @p seconds of trials and one of each at least.
template <typename T>
Tiling fastest(Course<T>& course, const std::vector<Tiling>& candidates, double seconds) {
    const core::Stopwatch watch;
    std::vector<Trial> trials;
    for (const Tiling& tiling : candidates)
        trials.push_back({.tiling = tiling});
    const auto time = [](const Trial& t) { return t.seconds_per_step; };
    for (bool all = true; all || watch.seconds() < seconds; all = false) {
        for (Trial& trial : trials) {
            trial.seconds_per_step =
                std::min(trial.seconds_per_step, course.seconds_per_step(trial.tiling));
            if (!all && watch.seconds() >= seconds) break;
        }
        const double least = time(*std::ranges::min_element(trials, {}, time));
        std::erase_if(trials, [&](const Trial& t) { return time(t) > 1.2 * least; });
        if (trials.size() == 1) break;
    }
    return std::ranges::min_element(trials, {}, time)->tiling;
}

/// By the median of some rounds, in each of which both run: the least of many times may be luck,
/// and what else the machine does changes from moment to moment.
template <typename T>
bool is_clearly_faster(Course<T>& course, const Tiling& challenger, const Tiling& champion) {
    std::array<double, 5> gains{};
    for (double& gain : gains)
        gain = course.seconds_per_step(champion) / course.seconds_per_step(challenger);
    std::ranges::nth_element(gains, gains.begin() + gains.size() / 2);
    return gains[gains.size() / 2] > clear_gain;
}

} // namespace

template <typename T>
std::vector<Tiling> candidate_tilings(int dims, const Extents& shape, Isa isa, int threads,
                                      Index deepest) {
    std::vector<Tiling> all;
    const auto add = [&](Tiling wanted) {
        if (wanted.depth == 0) wanted.depth = deepest;
        wanted = choose_tiling<T>(dims, shape, isa, threads, wanted);
        if (std::ranges::find(all, wanted) == all.end()) all.push_back(wanted);
    };
    add({});
    const Tiling chosen = all.front();
    // No deeper than what memory and halos are planned for.
    const auto depth = [&](Index numerator, Index denominator) {
        return std::max<Index>(chosen.depth * numerator / denominator, 1);
    };
    const auto columns = [&](Index cells) {
        const Index units = (std::min(cells, shape[2]) + line<T> - 1) / line<T>;
        return std::max<Index>(units, 1) * line<T>;
    };
    if (dims == 3) {
        add({.depth = depth(2, 3)});
        add({.depth = depth(1, 2)});
        add({.depth = depth(2, 3), .columns = columns(2 * chosen.columns)});
        add({.depth = depth(5, 6)});
        add({.columns = columns(chosen.columns / 2)});
        add({.planes = (chosen.planes + 1) / 2});
    } else {
        add({.depth = depth(3, 4)});
        add({.depth = depth(1, 2)});
        add({.columns = columns(chosen.columns * 2 / 3)});
        add({.columns = columns(chosen.columns / 2)});
        add({.columns = columns(chosen.columns * 3 / 2)});
        add({.rows = (chosen.rows + 1) / 2});
        add({.rows = std::min(2 * chosen.rows, shape[1])});
    }
    add({.stores = chosen.stores == Stores::cached ? Stores::streamed : Stores::cached});
    return all;
}

template <typename T>
Tiling measure_tiling(const Physics& physics, const Extents& shape, Isa isa, int threads,
                      double seconds, Index deepest) {
    const std::vector<Tiling> candidates =
        candidate_tilings<T>(info(physics.stencil).dims, shape, isa, threads, deepest);
    const Tiling chosen = candidates.front();
    Course<T> course(physics, shape, isa, threads);
    course.warm_up(chosen);
    const Tiling best = fastest(course, candidates, seconds);
    return best != chosen && is_clearly_faster(course, best, chosen) ? best : chosen;
}

template std::vector<Tiling> candidate_tilings<float>(int, const Extents&, Isa, int, Index);
template std::vector<Tiling> candidate_tilings<double>(int, const Extents&, Isa, int, Index);
template Tiling measure_tiling<float>(const Physics&, const Extents&, Isa, int, double, Index);
template Tiling measure_tiling<double>(const Physics&, const Extents&, Isa, int, double, Index);

} // namespace morphogen::kernel
