#pragma once

#include "morphogen/core/stopwatch.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace morphogen::bench {

inline double median(std::vector<double> samples) {
    const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
    std::nth_element(samples.begin(), middle, samples.end());
    return *middle;
}

/// Median wall seconds of f(), after one call that warms up: repeated until @p budget seconds have
/// passed, at least three times.
template <typename F>
double median_seconds(double budget, F&& f) {
    f();
    std::vector<double> samples;
    const core::Stopwatch all;
    do {
        const core::Stopwatch one;
        f();
        samples.push_back(one.seconds());
    } while (samples.size() < 3 || (all.seconds() < budget && samples.size() < 100'000));
    return median(std::move(samples));
}

/// The same, but the least of the samples: a limit is the best that was seen.
template <typename F>
double least_seconds(double budget, F&& f) {
    f();
    double least = std::numeric_limits<double>::infinity();
    std::size_t samples = 0;
    const core::Stopwatch all;
    do {
        const core::Stopwatch one;
        f();
        least = std::min(least, one.seconds());
    } while (++samples < 3 || all.seconds() < budget);
    return least;
}

/// What two alternatives took in alternation, so that both see the machine's same moods.
struct Paired {
    double first = 0.0;  // median seconds
    double second = 0.0; // median seconds
    double ratio = 0.0;  // median of first / second, pair by pair
};

/// Calls first() and second() in turn, both returning their seconds, until @p budget seconds have
/// passed, at least
/// @p least times.
template <typename A, typename B>
Paired compare(double budget, std::size_t least, A&& first, B&& second) {
    std::vector<double> a;
    std::vector<double> b;
    std::vector<double> ratio;
    const core::Stopwatch all;
    do {
        a.push_back(first());
        b.push_back(second());
        ratio.push_back(a.back() / b.back());
    } while (a.size() < least || all.seconds() < budget);
    return {median(a), median(b), median(ratio)};
}

/// Makes the compiler believe that @p value is used.
template <typename T>
inline void keep(const T& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

} // namespace morphogen::bench
