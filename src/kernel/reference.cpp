#include "morphogen/kernel/reference.hpp"

#include "kernel/coefficients.hpp"
#include "kernel/philox.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace morphogen::kernel {

namespace {

using core::Index;

/// Reads a field anywhere, by the boundary's rule.
template <typename T>
class Ghosted {
public:
    Ghosted(const std::vector<T>& cells, const core::Extents& n, Boundary boundary)
        : cells_(cells), n_(n), boundary_(boundary) {}

    T operator()(Index z, Index y, Index x) const {
        core::Extents c{z, y, x};
        for (std::size_t a = 0; a < 3; ++a) {
            if (c[a] >= 0 && c[a] < n_[a]) continue;
            if (boundary_ == Boundary::zero) return T{0};
            if (boundary_ == Boundary::periodic)
                c[a] = (c[a] % n_[a] + n_[a]) % n_[a];
            else
                c[a] = std::clamp<Index>(c[a], 0, n_[a] - 1);
        }
        return cells_[static_cast<std::size_t>((c[0] * n_[1] + c[1]) * n_[2] + c[2])];
    }

private:
    const std::vector<T>& cells_;
    core::Extents n_;
    Boundary boundary_;
};

template <typename T>
T multiply_add(T a, T b, T c, bool fused) {
    return fused ? std::fma(a, b, c) : a * b + c;
}

template <typename T>
T sum_around(const Ghosted<T>& f, Stencil stencil, T w, Index z, Index y, Index x, bool fused) {
    const T sides = f(z, y, x - 1) + f(z, y, x + 1);
    if (stencil == Stencil::five_point || stencil == Stencil::seven_point) {
        const T plane = sides + (f(z, y - 1, x) + f(z, y + 1, x));
        if (stencil == Stencil::five_point) return plane;
        return plane + (f(z - 1, y, x) + f(z + 1, y, x));
    }
    const auto row = [&](Index r) {
        return multiply_add(w, f(z, r, x), f(z, r, x - 1) + f(z, r, x + 1), fused);
    };
    return multiply_add(w, row(y), row(y - 1) + row(y + 1), fused);
}

/// The weight of the neighbour at an offset, in units of 1/h^2 (SPEC section 1's table).
double weight(Stencil stencil, Index dz, Index dy, Index dx) {
    const Index distance = std::abs(dz) + std::abs(dy) + std::abs(dx);
    switch (stencil) {
    case Stencil::oono_puri:
        return dz != 0 ? 0.0 : distance == 2 ? 0.25 : 0.5;
    case Stencil::patra_karttunen:
        return dz != 0 ? 0.0 : distance == 2 ? 1.0 / 6.0 : 4.0 / 6.0;
    case Stencil::equal_weights:
        return dz != 0 ? 0.0 : 1.0;
    case Stencil::five_point:
        return dz != 0 || distance != 1 ? 0.0 : 1.0;
    case Stencil::seven_point:
        break;
    }
    return distance == 1 ? 1.0 : 0.0;
}

struct Neighbour {
    Index dz, dy, dx;
    double weight;
};

std::vector<Neighbour> neighbours(Stencil stencil) {
    std::vector<Neighbour> list;
    for (Index dz = -1; dz <= 1; ++dz)
        for (Index dy = -1; dy <= 1; ++dy)
            for (Index dx = -1; dx <= 1; ++dx)
                if ((dz != 0 || dy != 0 || dx != 0) && weight(stencil, dz, dy, dx) != 0)
                    list.push_back({dz, dy, dx, weight(stencil, dz, dy, dx)});
    return list;
}

double laplacian(const Ghosted<double>& f, const std::vector<Neighbour>& list, double h, Index z,
                 Index y, Index x) {
    double sum = 0;
    for (const Neighbour& n : list)
        sum += n.weight * (f(z + n.dz, y + n.dy, x + n.dx) - f(z, y, x));
    return sum / (h * h);
}

} // namespace

template <typename T>
Grid<T> reference_step(const Physics& physics, const Grid<T>& from, Index step, bool fused) {
    const Coefficients<T> c = make_coefficients<T>(physics);
    const core::Extents& n = from.shape;
    const Ghosted<T> u(from.u, n, physics.boundary);
    const Ghosted<T> v(from.v, n, physics.boundary);
    Grid<T> to(n);
    std::size_t cell = 0;
    for (Index z = 0; z < n[0]; ++z)
        for (Index y = 0; y < n[1]; ++y)
            for (Index x = 0; x < n[2]; ++x, ++cell) {
                const T here_u = u(z, y, x);
                const T here_v = v(z, y, x);
                const T r = (here_u * here_v) * here_v;
                const T sum_u = sum_around(u, physics.stencil, c.w, z, y, x, fused);
                const T sum_v = sum_around(v, physics.stencil, c.w, z, y, x, fused);
                const T linear_u =
                    multiply_add(c.cu, sum_u, multiply_add(c.au, here_u, c.feed, fused), fused);
                const T linear_v = multiply_add(c.cv, sum_v, c.av * here_v, fused);
                to.u[cell] = multiply_add(-c.dt, r, linear_u, fused);
                to.v[cell] = multiply_add(c.dt, r, linear_v, fused);
                if (c.noise != T{0})
                    to.u[cell] =
                        multiply_add(c.noise,
                                     uniform<T>(cell_noise(physics.seed,
                                                           static_cast<std::uint64_t>(step), cell)),
                                     to.u[cell], fused);
            }
    return to;
}

Grid<double> naive_step(const Physics& p, const Grid<double>& from) {
    const core::Extents& n = from.shape;
    const Ghosted<double> u(from.u, n, p.boundary);
    const Ghosted<double> v(from.v, n, p.boundary);
    const std::vector<Neighbour> list = neighbours(p.stencil);
    Grid<double> to(n);
    std::size_t cell = 0;
    for (Index z = 0; z < n[0]; ++z)
        for (Index y = 0; y < n[1]; ++y)
            for (Index x = 0; x < n[2]; ++x, ++cell) {
                const double a = u(z, y, x);
                const double b = v(z, y, x);
                const double r = a * b * b;
                to.u[cell] = a + p.dt * (p.diffusion_u * laplacian(u, list, p.spacing, z, y, x) -
                                         r + p.feed * (1 - a));
                to.v[cell] = b + p.dt * (p.diffusion_v * laplacian(v, list, p.spacing, z, y, x) +
                                         r - (p.feed + p.kill) * b);
            }
    return to;
}

template Grid<float> reference_step(const Physics&, const Grid<float>&, Index, bool);
template Grid<double> reference_step(const Physics&, const Grid<double>&, Index, bool);

} // namespace morphogen::kernel
