#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/kernel/stepper.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace morphogen::bench {

/// A whole grid in one block without neighbours: two states between which a Stepper goes back and
/// forth.
template <typename T>
class BlockState {
public:
    BlockState(const kernel::Physics& physics, const core::Extents& shape, kernel::Isa isa,
               int threads)
        : geometry_{.dims = shape[0] == 1 ? 2 : 3,
                    .global = shape,
                    .block = {{0, 0, 0}, shape},
                    .faces = zero_faces(),
                    .halo = 0},
          stepper_(physics, geometry_, isa, threads),
          cells_(static_cast<std::size_t>(core::volume(shape))), memory_(4 * padded()) {
        for (std::size_t i = 0; i < 2; ++i) {
            T* const u = memory_.data() + 2 * i * padded();
            states_[i] = {core::dense_view(u, shape), core::dense_view(u + padded(), shape)};
            stepper_.first_touch(states_[i]);
        }
        std::fill_n(now().u.data, cells_, T(1));
    }

    /// The current state: [nz][ny][nx], dense.
    const kernel::Fields<T>& now() const noexcept { return states_[current_]; }
    std::size_t cells() const noexcept { return cells_; }
    std::size_t bytes() const noexcept { return memory_.size() * sizeof(T); }
    const kernel::Stepper<T>& stepper() const noexcept { return stepper_; }

    /// u = 0.5, v = 0.25 on a square of @p size cells somewhere in each @p distance x @p distance
    /// (x @p distance) cells. The places look random: equal patterns side by side would compress as
    /// no real field does.
    void sow(core::Index size, core::Index distance) {
        const core::Extents n = geometry_.global;
        std::uint32_t state = 1;
        const auto draw =
            [&](core::Index below) { // Numerical Recipes' linear congruential generator
                state = state * 1664525U + 1013904223U;
                return static_cast<core::Index>(state >> 8U) % below;
            };
        for (core::Index z = 0; z < n[0]; z += distance)
            for (core::Index y = 0; y < n[1]; y += distance)
                for (core::Index x = 0; x < n[2]; x += distance) {
                    const core::Extents at{n[0] == 1 ? 0 : z + draw(distance), y + draw(distance),
                                           x + draw(distance)};
                    paint({at, {at[0] + size, at[1] + size, at[2] + size}});
                }
    }

    void advance(core::Index steps) {
        while (steps > 0) {
            const core::Index n = std::min(steps, stepper_.depth());
            stepper_.sweep(now().as_const(), states_[1 - current_], step_, n);
            current_ = 1 - current_;
            step_ += n;
            steps -= n;
        }
    }

private:
    void paint(const core::Box& wanted) {
        const core::Box box = core::intersect(wanted, geometry_.block);
        for (core::Index z = box.lo[0]; z < box.hi[0]; ++z)
            for (core::Index y = box.lo[1]; y < box.hi[1]; ++y)
                for (core::Index x = box.lo[2]; x < box.hi[2]; ++x) {
                    now().u(z, y, x) = T(0.5);
                    now().v(z, y, x) = T(0.25);
                }
    }

    static constexpr std::array<std::array<kernel::Face, 2>, 3> zero_faces() {
        constexpr auto zero = kernel::Face::zero;
        return {{{zero, zero}, {zero, zero}, {zero, zero}}};
    }
    // One cache line of distance keeps arrays of a power-of-two size off the same cache sets.
    std::size_t padded() const noexcept {
        return (cells_ + 64 / sizeof(T) - 1) / (64 / sizeof(T)) * (64 / sizeof(T)) +
               5 * 64 / sizeof(T);
    }

    kernel::BlockGeometry geometry_;
    kernel::Stepper<T> stepper_;
    std::size_t cells_;
    core::AlignedBuffer<T> memory_; // u, v of one state, u, v of the other
    std::array<kernel::Fields<T>, 2> states_{};
    std::size_t current_ = 0;
    core::Index step_ = 0;
};

} // namespace morphogen::bench
