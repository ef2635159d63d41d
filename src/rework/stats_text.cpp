#include "morphogen/core/json.hpp"
#include "morphogen/rework/stats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

namespace morphogen::rework {

using core::Index;

std::string to_text(const Stats& stats) {
    std::string text = fmt::format("{:>7}{:>14}{:>14}{:>14}{:>14}{:>10}\n", "frame", "min", "max",
                                   "mean", "variance", "nans");
    for (std::size_t t = 0; t < stats.frames.size(); ++t) {
        const FrameMoments& f = stats.frames[t];
        text += fmt::format("{:>7}{:>14.6g}{:>14.6g}{:>14.6g}{:>14.6g}{:>10}\n", t, f.min, f.max,
                            f.mean, f.variance(), f.nans);
    }
    const auto& energies = stats.pod.energies;
    if (energies.empty()) return text;
    const double total = std::accumulate(energies.begin(), energies.end(), 0.0);
    text += fmt::format("\nproper orthogonal decomposition: variance over time, summed over the "
                        "cells, {:.6g}\n{:>7}{:>14}{:>14}\n",
                        total, "mode", "energy", "in all, %");
    double sum = 0.0;
    for (Index k = 0; k < stats.pod.modes; ++k) {
        const double energy = energies[static_cast<std::size_t>(k)];
        sum += energy;
        text += fmt::format("{:>7}{:>14.6g}{:>14.2f}\n", k, energy,
                            total > 0.0 ? 100.0 * sum / total : 100.0);
    }
    return text;
}

std::string to_json(const Stats& stats) {
    core::JsonWriter json;
    json.begin_object().key("frames").begin_array();
    for (const FrameMoments& f : stats.frames)
        json.begin_object(core::JsonLayout::line)
            .member("count", f.count)
            .member("nans", f.nans)
            .member("min", f.min)
            .member("max", f.max)
            .member("mean", f.mean)
            .member("variance", f.variance())
            .end_object();
    json.end_array().key("histogram").begin_object();
    json.member("low", stats.low).member("high", stats.high).key("counts").begin_array();
    const auto bins = static_cast<std::size_t>(stats.bins);
    if (bins > 0)
        for (std::size_t t = 0; t < stats.frames.size(); ++t)
            json.values(std::span(stats.histogram).subspan(t * bins, bins));
    json.end_array().end_object();
    json.key("pod").begin_object();
    json.key("energies").values(stats.pod.energies);
    json.member("modes", stats.pod.modes).key("coefficients").begin_array();
    const auto modes = static_cast<std::size_t>(stats.pod.modes);
    if (modes > 0)
        for (std::size_t t = 0; t < stats.frames.size(); ++t)
            json.values(std::span(stats.pod.coefficients).subspan(t * modes, modes));
    json.end_array().end_object();
    json.member("passes", stats.passes).member("seconds", stats.seconds).end_object();
    return json.take();
}

} // namespace morphogen::rework
