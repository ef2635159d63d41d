#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/view.hpp"

#include <array>
#include <functional>

namespace morphogen::simulation {

/// Reads [[initial.file]]: implemented where HDF5 is (store), handed in by the caller.
class InitialFileReader {
public:
    virtual ~InitialFileReader() = default;
    /// Reads the cells of @p box of the grid into @p out, dense [nz][ny][nx]. Called on every rank
    /// in the same order.
    /// @throws core::Error if the file, the dataset or its shape is not what @p file and @p global
    /// say.
    virtual void read(const config::InitialFile& file, const core::Extents& global,
                      const core::Box& box, double* out) = 0;
};

/// Values for the cells of a shape: a half-open box, or a ball (a disk in 2-D) of cells whose index
/// lies within `radius` of `center`, clipped to `box`.
struct InitialShape {
    core::Box box; // in cells of the grid, clipped to it
    bool is_ball = false;
    std::array<double, 3> center{}; // {z, y, x}, cells
    double radius = 0.0;            // cells
    config::Patch values;
};

/// Calls @p visit for all that the initial state puts over background and files, in order: boxes,
/// disks, then scattered disks around cells drawn from the seed; or the default patch if none is
/// given (SPEC sections 1 and 2). The same on every rank and platform.
void visit_initial_shapes(const config::Config& config,
                          const std::function<void(const InitialShape&)>& visit);

/// Fills the cells of @p block (views over its cell {lo}) with the initial state, with @p threads
/// threads.
template <typename T>
void fill_initial_state(const config::Config& config, const core::Box& block, core::View3<T> u,
                        core::View3<T> v, InitialFileReader* reader, int threads);

} // namespace morphogen::simulation
