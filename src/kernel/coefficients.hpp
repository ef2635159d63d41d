#pragma once

#include "morphogen/kernel/physics.hpp"

namespace morphogen::kernel {

/// The update of one cell, whatever the instruction set (T arithmetic, every fma one rounding, in
/// this order):
///
///     sum = see below, of u and of v
///     r   = (u v) v
///     u'  = fma(-dt, r, fma(cu, sum_u, fma(au, u, feed)))        then, with noise, fma(noise, U,
///     u') v'  = fma( dt, r, fma(cv, sum_v, av v))
///
/// with c = dt D scale / h^2, feed = dt F, au = 1 - N cu - dt F, av = 1 - N cv - dt (F + k). N is
/// the sum of the weights in `sum`, the centre's included, so that L = scale (sum - N a). The sums,
/// with l, r, up, down, front, back the neighbours of a:
///
///     separable (2-D): row = fma(w, a, l + r) in each of three rows; sum = fma(w, row, row_up +
///     row_down) five-point:      sum = (l + r) + (up + down) seven-point:     sum = ((l + r) + (up
///     + down)) + (front + back)
///
/// Both fields' separable stencils are products of (1, w, 1): oono-puri w = 2, scale 1/4;
/// patra-karttunen w = 4, scale 1/6; equal-weights w = 1, scale 1. Every sum is symmetric in each
/// axis, to the bit.
template <typename T>
struct Coefficients {
    T w; // 0: not separable
    T cu, au, feed;
    T cv, av;
    T dt;
    T noise; // dt * noise
};

struct StencilSum {
    double w;      // the weight of the middle in (1, w, 1); 0: a sum of faces
    double scale;  // of the sum, to give L in units of 1/h^2
    double weight; // N
};

StencilSum stencil_sum(Stencil stencil) noexcept;

template <typename T>
Coefficients<T> make_coefficients(const Physics& physics) noexcept;

} // namespace morphogen::kernel
