#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace morphogen::kernel {

/// The discrete Laplacian (SPEC section 1): weights per neighbour, in units of 1/h^2.
enum class Stencil { oono_puri, patra_karttunen, five_point, equal_weights, seven_point };

/// What lies outside the grid: ghost cells of 0, the opposite side, or the nearest cell.
enum class Boundary { zero, periodic, no_flux };

struct StencilInfo {
    Stencil stencil;
    std::string_view name;
    int dims;               // of the grid it is for
    double spectral_radius; // rho: the largest |eigenvalue| of L times h^2
};

inline constexpr std::array<StencilInfo, 5> stencils{
    {{Stencil::oono_puri, "oono-puri", 2, 4.0},
     {Stencil::patra_karttunen, "patra-karttunen", 2, 16.0 / 3.0},
     {Stencil::five_point, "five-point", 2, 8.0},
     {Stencil::equal_weights, "equal-weights", 2, 12.0},
     {Stencil::seven_point, "seven-point", 3, 12.0}}};

constexpr const StencilInfo& info(Stencil s) noexcept {
    return stencils[static_cast<std::size_t>(s)];
}

/// Gray-Scott's parameters, dimensionless, with the grid spacing h and the time step.
struct Physics {
    double feed = 0.014;
    double kill = 0.054;
    double diffusion_u = 0.1;
    double diffusion_v = 0.05;
    double dt = 1.0;
    double spacing = 1.0;
    double noise = 0.0; // amplitude of the uniform noise added to du/dt
    std::uint64_t seed = 1;
    Stencil stencil = Stencil::oono_puri;
    Boundary boundary = Boundary::zero;
};

/// dt (max(Du, Dv) rho / h^2 + F + k): explicit Euler is stable up to 2.
constexpr double stability_number(const Physics& p) noexcept {
    const double diffusion = p.diffusion_u > p.diffusion_v ? p.diffusion_u : p.diffusion_v;
    return p.dt * (diffusion * info(p.stencil).spectral_radius / (p.spacing * p.spacing) + p.feed +
                   p.kill);
}

} // namespace morphogen::kernel
