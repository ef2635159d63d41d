#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/kernel/geometry.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/kernel/physics.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace morphogen::kernel {

/// How a sweep writes its result: through the caches, or past them, which saves reading what is
/// overwritten but loses what would still be there for the next sweep.
enum class Stores { automatic, cached, streamed };

/// How a sweep walks through a block: tiles of rows x columns (x planes in 3-D) cells that take
/// `depth` steps per visit to memory. 0 = chosen from the caches' sizes. No choice changes a bit of
/// the result.
struct Tiling {
    core::Index depth = 0;
    core::Index columns = 0;
    core::Index rows = 0;
    core::Index planes = 0;
    Stores stores = Stores::automatic;

    friend bool operator==(const Tiling&, const Tiling&) = default;
};

/// @p wanted with every 0 replaced, for a block of @p shape cells shared by @p threads threads. Its
/// depth is the halo that the block's arrays should have.
template <typename T>
Tiling choose_tiling(int dims, const core::Extents& shape, Isa isa, int threads,
                     Tiling wanted = {});

/// Bytes of the buffers that each thread needs for a tile.
template <typename T>
std::size_t tile_bytes(int dims, const Tiling& tiling) noexcept;

/// Takes Gray-Scott steps on one block with a team of threads. The bits of the result depend on the
/// physics and on uses_fma(isa) alone: not on the tiling, the depth, the threads, nor on how the
/// grid is split into blocks. One thread may use a Stepper at a time; different Steppers may run at
/// the same time.
template <typename T>
class Stepper {
public:
    /// @throws core::UsageError if the stencil is for another number of dimensions or @p isa is not
    /// available.
    Stepper(const Physics& physics, const BlockGeometry& geometry, Isa isa, int threads,
            const Tiling& tiling = {});
    ~Stepper();
    Stepper(Stepper&&) noexcept;
    Stepper& operator=(Stepper&&) noexcept;

    /// The most steps of one sweep: the tiling's depth, and no more than geometry.halo if any face
    /// is a Face::halo.
    core::Index depth() const noexcept;
    const Tiling& tiling() const noexcept;

    /// Takes @p steps (1 ... depth()) steps: reads @p from and, beyond its Face::halo faces,
    /// `steps` cells of halo, corners included; writes the block's cells of @p to, which must be
    /// other memory, and none of its halo. Step n leads from state n to state n + 1; @p first_step
    /// is the first taken (the noise's counter). @p progress, if not empty, is called between tiles
    /// by the calling thread (to let MPI progress); it must not throw.
    void sweep(const Fields<const T>& from, const Fields<T>& to, core::Index first_step,
               core::Index steps, Part part = Part::all,
               const std::function<void()>& progress = {});

    /// Fills @p fields, halos included, with zeros by the threads that a sweep would use, an equal
    /// part each: the first touch decides a page's NUMA node, so the memory is spread evenly over
    /// the nodes of the team. Sweeps give a tile to any thread: a team is best within one node.
    void first_touch(const Fields<T>& fields) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

extern template class Stepper<float>;
extern template class Stepper<double>;

} // namespace morphogen::kernel
