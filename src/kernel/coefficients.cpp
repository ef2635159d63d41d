#include "kernel/coefficients.hpp"

#include <cmath>
#include <limits>

namespace morphogen::kernel {

namespace {

/// The factors of one field's linear part: of the stencil's sum, and of the cell itself.
template <typename T>
struct Linear {
    T c;
    T a;
};

/// The i-th number of T from @p x on.
template <typename T>
T neighbour(T x, int i) noexcept {
    const T towards =
        i < 0 ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
    for (; i != 0; i += i < 0 ? 1 : -1)
        x = std::nextafter(x, towards);
    return x;
}

/// The rounded c and a that act most like the exact ones, which satisfy N c + a + loss = 1. Rounded
/// each to its nearest, a is off by up to half an ulp of 1, which acts as if feed or kill were off
/// by as much per step: in f32 2e-6 of F at dt = 1, all of F where dt is small, and 2e-5 of sum v
/// after 320 steps. A near c and a that balance are at most an ulp or so of D off instead. Among
/// those, @p accept chooses.
template <typename T, typename Accept>
Linear<T> balanced(double c, double weight, double loss, Accept accept) noexcept {
    const Linear<T> nearest{static_cast<T>(c), static_cast<T>((1.0 - loss) - weight * c)};
    if (c == 0) return nearest;
    Linear<T> best = nearest;
    double least = std::numeric_limits<double>::infinity();
    for (int i = -16; i <= 16; ++i) {
        const T a = neighbour(nearest.a, i);
        const double rest = (1.0 - static_cast<double>(a)) - loss;
        for (int j = -2; j <= 2; ++j) {
            const T candidate = neighbour(static_cast<T>(rest / weight), j);
            const double imbalance = std::fma(weight, static_cast<double>(candidate), -rest);
            const double error = std::fmax(std::fabs(imbalance) / std::fmax(loss, 1e-6),
                                           std::fabs(static_cast<double>(candidate) - c) / c);
            if (error < least && accept(Linear<T>{candidate, a})) {
                best = {candidate, a};
                least = error;
            }
        }
    }
    return best;
}

} // namespace

StencilSum stencil_sum(Stencil stencil) noexcept {
    switch (stencil) {
    case Stencil::oono_puri:
        return {2.0, 1.0 / 4.0, 16.0};
    case Stencil::patra_karttunen:
        return {4.0, 1.0 / 6.0, 36.0};
    case Stencil::equal_weights:
        return {1.0, 1.0, 9.0};
    case Stencil::five_point:
        return {0.0, 1.0, 4.0};
    case Stencil::seven_point:
        break;
    }
    return {0.0, 1.0, 6.0};
}

template <typename T>
Coefficients<T> make_coefficients(const Physics& p) noexcept {
    const auto [w, scale, weight] = stencil_sum(p.stencil);
    const double rate = p.dt * scale / (p.spacing * p.spacing);
    // What T holds of it is what the other coefficients must balance.
    const T feed = static_cast<T>(p.dt * p.feed);
    // u = 1, v = 0 stays so to the bit: an untouched medium stays untouched.
    const auto keeps_one = [feed, total = static_cast<T>(weight)](const Linear<T>& l) {
        return std::fma(l.c, total, std::fma(l.a, T{1}, feed)) == T{1};
    };
    const auto u = balanced<T>(rate * p.diffusion_u, weight, static_cast<double>(feed), keeps_one);
    const auto v = balanced<T>(rate * p.diffusion_v, weight, p.dt * (p.feed + p.kill),
                               [](const Linear<T>&) { return true; });
    return {.w = static_cast<T>(w),
            .cu = u.c,
            .au = u.a,
            .feed = feed,
            .cv = v.c,
            .av = v.a,
            .dt = static_cast<T>(p.dt),
            .noise = static_cast<T>(p.dt * p.noise)};
}

template Coefficients<float> make_coefficients(const Physics&) noexcept;
template Coefficients<double> make_coefficients(const Physics&) noexcept;

} // namespace morphogen::kernel
