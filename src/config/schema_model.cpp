#include "config/rules.hpp"
#include "config/schema.hpp"

#include <limits>

namespace morphogen::config {
namespace {

/// 2^58 cells of two doubles are 2^62 bytes: every size in bytes fits core::Index.
constexpr Index most_cells = Index{1} << 58;

bool fits(const std::vector<Index>& shape) {
    Index cells = 1;
    for (const Index n : shape) {
        if (cells > most_cells / n) return false;
        cells *= n;
    }
    return true;
}

Rule<Grid> shape() {
    return {
        "2 or 3 positive integers", "[1080, 1920]",
        [](const Value& value, Grid& grid, Reader&) {
            const auto list = as_integers(value, 1, std::numeric_limits<Index>::max());
            if (!list || list->size() < 2 || list->size() > 3) return not_as_expected();
            if (!fits(*list))
                return problem(fmt::format(
                    "= {} has more than 2^58 cells, which no machine holds; write for example "
                    "[1080, 1920]",
                    show(value)));
            grid.dims = static_cast<int>(list->size());
            grid.shape = to_zyx(*list);
            if (grid.dims == 2) grid.shape[0] = 1;
            return none();
        },
        [](const Grid& grid, const Config&) { return show_list(from_zyx(grid.shape, grid.dims)); }};
}

std::vector<std::pair<std::string, kernel::Stencil>> stencil_choices() {
    std::vector<std::pair<std::string, kernel::Stencil>> choices;
    for (const kernel::StencilInfo& info : kernel::stencils)
        choices.emplace_back(info.name, info.stencil);
    return choices;
}

} // namespace

const std::vector<Key<Grid>>& grid_keys() {
    using R = Rules<Grid>;
    static const std::vector<Key<Grid>> keys{
        {"shape", "cells, slowest axis first: [y, x] or [z, y, x]", shape(),
         "size dims dimensions"},
        {"spacing", "h, distance of neighbouring cells",
         R::real(&Grid::spacing, {1e-30, largest_number}), "h dx"},
        {"precision", "\"f32\" | \"f64\"",
         R::choice(&Grid::precision, {{"f32", Precision::f32}, {"f64", Precision::f64}}),
         "dtype type"},
    };
    return keys;
}

const std::vector<Key<kernel::Physics>>& model_keys() {
    using kernel::Physics;
    using R = Rules<Physics>;
    static const std::vector<Key<Physics>> keys{
        {"feed", "F", R::real(&Physics::feed), "f feed_rate"},
        {"kill", "k", R::real(&Physics::kill), "k kill_rate"},
        {"diffusion_u", "Du", R::real(&Physics::diffusion_u), "du diff_u"},
        {"diffusion_v", "Dv", R::real(&Physics::diffusion_v), "dv diff_v"},
        {"dt", "time step; stable: dt * (max(Du, Dv) * rho / h^2 + F + k) <= 2",
         R::real(&Physics::dt, {0.0, largest_number, true}), "time_step delta_t"},
        {"stencil",
         "2-D: \"oono-puri\" (rho 4) | \"patra-karttunen\" (16/3) | \"five-point\" (8) | "
         "\"equal-weights\" (12); "
         "3-D: \"seven-point\" (12)",
         R::choice(&Physics::stencil, stencil_choices()), "laplacian"},
        {"boundary", "\"zero\" | \"periodic\" | \"no-flux\"",
         R::choice(&Physics::boundary, {{"zero", kernel::Boundary::zero},
                                        {"periodic", kernel::Boundary::periodic},
                                        {"no-flux", kernel::Boundary::no_flux}}),
         "boundaries bc"},
        {"noise", "amplitude of uniform noise added to du/dt", R::real(&Physics::noise)},
        {"seed", "of the noise and of initial.scatter",
         R::integer(&Physics::seed, 0, std::numeric_limits<Index>::max()), "random_seed"},
    };
    return keys;
}

const std::vector<Key<Time>>& time_keys() {
    using R = Rules<Time>;
    static const std::vector<Key<Time>> keys{
        {"frames", "frames to store", R::integer(&Time::frames, 1, largest_count),
         "nframes images"},
        {"steps_per_frame", "time steps from one frame to the next",
         R::integer(&Time::steps_per_frame, 1, largest_count), "steps interval"},
        {"initial_frame", "also store step 0: frames + 1 in all", R::flag(&Time::initial_frame)},
    };
    return keys;
}

} // namespace morphogen::config
