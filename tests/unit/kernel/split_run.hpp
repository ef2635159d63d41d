#pragma once

#include "morphogen/kernel/reference.hpp"
#include "morphogen/kernel/stepper.hpp"

#include <limits>
#include <random>
#include <string>
#include <vector>

/// A grid split into blocks with halos that are filled from one another, as ranks would: every cell
/// that a sweep must not read holds NaN, every cell that it must not write is checked.
template <typename T>
class SplitRun {
public:
    using Index = morphogen::core::Index;
    using Extents = morphogen::core::Extents;
    using Grid = morphogen::kernel::Grid<T>;

    struct Options {
        Extents blocks{1, 1, 1};
        morphogen::kernel::Isa isa = morphogen::kernel::best_isa();
        int threads = 1;
        morphogen::kernel::Tiling tiling{};
        bool in_parts = false; // interior and border in two sweeps
    };

    SplitRun(const morphogen::kernel::Physics& physics, const Grid& start, const Options& options)
        : physics_(physics), grid_(start), options_(options) {
        const Extents n = start.shape;
        const Extents& b = options.blocks;
        for (Index z = 0; z < b[0]; ++z)
            for (Index y = 0; y < b[1]; ++y)
                for (Index x = 0; x < b[2]; ++x) {
                    const auto sz = morphogen::core::split_evenly(n[0], b[0], z);
                    const auto sy = morphogen::core::split_evenly(n[1], b[1], y);
                    const auto sx = morphogen::core::split_evenly(n[2], b[2], x);
                    add_block({{sz[0], sy[0], sx[0]}, {sz[1], sy[1], sx[1]}});
                }
    }

    Index depth() const { return steppers_.front().depth(); }
    const Grid& grid() const { return grid_; }
    /// Empty, or what a sweep did that it must not do.
    const std::string& complaint() const { return complaint_; }

    void sweep(Index first_step, Index steps) {
        using morphogen::kernel::Part;
        Grid next(grid_.shape);
        for (std::size_t i = 0; i < steppers_.size(); ++i) {
            const auto& g = geometries_[i];
            Arrays from(g, nan);
            Arrays to(g, sentinel);
            fill(g, from, 0);
            if (options_.in_parts) {
                steppers_[i].sweep(from.fields().as_const(), to.fields(), first_step, steps,
                                   Part::interior);
                fill(g, from, steps);
                steppers_[i].sweep(from.fields().as_const(), to.fields(), first_step, steps,
                                   Part::border);
            } else {
                fill(g, from, steps);
                steppers_[i].sweep(from.fields().as_const(), to.fields(), first_step, steps);
            }
            collect(g, to, next);
        }
        grid_ = next;
    }

private:
    static constexpr T nan = std::numeric_limits<T>::quiet_NaN();
    static constexpr T sentinel = T{-12345};

    struct Arrays {
        Arrays(const morphogen::kernel::BlockGeometry& g, T value) : halo(g.halo) {
            const Extents n = g.block.shape();
            hz = g.dims == 3 ? halo : 0;
            pitch_y = n[2] + 2 * halo + 3;
            pitch_z = (n[1] + 2 * halo) * pitch_y;
            shape = n;
            u.assign(static_cast<std::size_t>((n[0] + 2 * hz) * pitch_z), value);
            v = u;
        }
        morphogen::kernel::Fields<T> fields() {
            const Index origin = hz * pitch_z + halo * pitch_y + halo;
            return {{u.data() + origin, shape, pitch_y, pitch_z},
                    {v.data() + origin, shape, pitch_y, pitch_z}};
        }
        Index halo, hz = 0, pitch_y = 0, pitch_z = 0;
        Extents shape{};
        std::vector<T> u, v;
    };

    void add_block(const morphogen::core::Box& box) {
        using namespace morphogen::kernel;
        BlockGeometry g;
        g.dims = info(physics_.stencil).dims;
        g.global = grid_.shape;
        g.block = box;
        g.halo = options_.tiling.depth > 0 ? options_.tiling.depth : 8;
        const Face edge = physics_.boundary == Boundary::zero      ? Face::zero
                          : physics_.boundary == Boundary::no_flux ? Face::no_flux
                                                                   : Face::halo;
        for (std::size_t a = 0; a < 3; ++a) {
            g.faces[a][0] = box.lo[a] == 0 ? edge : Face::halo;
            g.faces[a][1] = box.hi[a] == g.global[a] ? edge : Face::halo;
        }
        geometries_.push_back(g);
        steppers_.emplace_back(physics_, g, options_.isa, options_.threads, options_.tiling);
    }

    /// The block's cells, and `reach` cells beyond each Face::halo.
    void fill(const morphogen::kernel::BlockGeometry& g, Arrays& a, Index reach) const {
        const Extents n = g.block.shape();
        const Extents& all = g.global;
        Extents lo{};
        Extents hi = n;
        for (std::size_t axis = g.dims == 3 ? 0 : 1; axis < 3; ++axis) {
            if (g.faces[axis][0] == morphogen::kernel::Face::halo) lo[axis] -= reach;
            if (g.faces[axis][1] == morphogen::kernel::Face::halo) hi[axis] += reach;
        }
        const auto wrap = [](Index i, Index m) { return (i % m + m) % m; };
        const auto f = a.fields();
        for (Index z = lo[0]; z < hi[0]; ++z)
            for (Index y = lo[1]; y < hi[1]; ++y)
                for (Index x = lo[2]; x < hi[2]; ++x) {
                    const Index cell = (wrap(g.block.lo[0] + z, all[0]) * all[1] +
                                        wrap(g.block.lo[1] + y, all[1])) *
                                           all[2] +
                                       wrap(g.block.lo[2] + x, all[2]);
                    f.u(z, y, x) = grid_.u[static_cast<std::size_t>(cell)];
                    f.v(z, y, x) = grid_.v[static_cast<std::size_t>(cell)];
                }
    }

    void collect(const morphogen::kernel::BlockGeometry& g, Arrays& a, Grid& next) {
        const Extents n = g.block.shape();
        const auto f = a.fields();
        for (Index z = 0; z < n[0]; ++z)
            for (Index y = 0; y < n[1]; ++y)
                for (Index x = 0; x < n[2]; ++x) {
                    const auto cell = static_cast<std::size_t>(
                        ((g.block.lo[0] + z) * g.global[1] + g.block.lo[1] + y) * g.global[2] +
                        g.block.lo[2] + x);
                    next.u[cell] = f.u(z, y, x);
                    next.v[cell] = f.v(z, y, x);
                    f.u(z, y, x) = f.v(z, y, x) = sentinel;
                }
        for (std::size_t i = 0; i < a.u.size(); ++i)
            if (a.u[i] != sentinel || a.v[i] != sentinel) complaint_ = "wrote outside the block";
    }

    morphogen::kernel::Physics physics_;
    Grid grid_;
    Options options_;
    std::vector<morphogen::kernel::BlockGeometry> geometries_;
    std::vector<morphogen::kernel::Stepper<T>> steppers_;
    std::string complaint_;
};
