#include "morphogen/simulation/initial_state.hpp"

#include "morphogen/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace morphogen::simulation {
namespace {

using config::Config;
using core::Box;
using core::Extents;
using core::Index;

constexpr Index cells_worth_a_team = 1 << 16; // cells
constexpr Index slab_cells = Index{4} << 20;  // of a file read at once: 32 MiB

Box whole(const Config& config) noexcept {
    return {{}, config.grid.shape};
}

std::size_t first_axis(const Config& config) noexcept {
    return config.grid.dims == 3 ? 0 : 1;
}

/// The cells whose index may lie within @p radius of @p center along one axis, clipped to [0, n).
std::array<Index, 2> reach(double center, double radius, Index n) {
    const auto clip = [n](double x) {
        return static_cast<Index>(std::clamp(x, 0.0, static_cast<double>(n)));
    };
    return {clip(std::floor(center - radius)), clip(std::ceil(center + radius) + 1.0)};
}

InitialShape ball(const Config& config, const std::array<double, 3>& center, double radius,
                  const config::Patch& values) {
    InitialShape shape{.box = whole(config),
                       .is_ball = true,
                       .center = center,
                       .radius = radius,
                       .values = values};
    for (std::size_t a = first_axis(config); a < 3; ++a) {
        const auto range = reach(center[a], radius, config.grid.shape[a]);
        shape.box.lo[a] = range[0];
        shape.box.hi[a] = std::max(range[0], range[1]);
    }
    if (config.grid.dims == 2) shape.center[0] = 0.0;
    return shape;
}

/// SPEC section 1.
InitialShape default_patch(const Config& config) {
    const Extents& n = config.grid.shape;
    if (config.grid.dims == 2)
        return {.box = {{0, std::max<Index>(7 * n[1] / 16 - 4, 0), 7 * n[2] / 16},
                        {1, std::max<Index>(8 * n[1] / 16 - 4, 0), 8 * n[2] / 16}},
                .values = {0.0, 1.0}};
    Box cube;
    for (std::size_t a = 0; a < 3; ++a) {
        cube.lo[a] = n[a] / 2 - 6;
        cube.hi[a] = n[a] / 2 + 6;
    }
    return {.box = intersect(cube, whole(config)), .values = {0.25, 0.33}};
}

/// Disks around cells that are uniform over the grid. The standard fixes the numbers that
/// mt19937_64 gives; its distributions may differ between libraries, so the range is reduced here
/// (by the high half of a product).
void visit_scatter(const Config& config, const std::function<void(const InitialShape&)>& visit) {
    std::mt19937_64 random(config.physics.seed);
    const config::InitialScatter& scatter = *config.initial.scatter;
    for (Index i = 0; i < scatter.count; ++i) {
        std::array<double, 3> center{};
        for (std::size_t a = first_axis(config); a < 3; ++a) {
            __extension__ using Wide = unsigned __int128;
            const auto n = static_cast<std::uint64_t>(config.grid.shape[a]);
            center[a] = static_cast<double>(static_cast<std::uint64_t>((Wide{random()} * n) >> 64));
        }
        visit(ball(config, center, scatter.radius, scatter.values));
    }
}

/// Sets the cells [x0, x1) of a row.
template <typename T>
void set(T* row, Index x0, Index x1, const std::optional<double>& value) {
    if (value) std::fill(row + x0, row + x1, static_cast<T>(*value));
}

/// The cells of one row of a shape: [first, last).
std::array<Index, 2> span_of(const InitialShape& shape, const Box& box, Index z, Index y) {
    Index first = box.lo[2];
    Index last = box.hi[2];
    if (!shape.is_ball) return {first, last};
    const double dz = static_cast<double>(z) - shape.center[0];
    const double dy = static_cast<double>(y) - shape.center[1];
    const double rest = shape.radius * shape.radius - dz * dz - dy * dy;
    const auto is_outside = [&](Index x) {
        const double dx = static_cast<double>(x) - shape.center[2];
        return dx * dx > rest;
    };
    while (first < last && is_outside(first))
        ++first;
    while (first < last && is_outside(last - 1))
        --last;
    return {first, last};
}

template <typename T>
void apply(const InitialShape& shape, const Box& block, const core::View3<T>& u,
           const core::View3<T>& v, int threads) {
    const Box box = intersect(shape.box, block);
    const Extents n = box.shape();
#pragma omp parallel for num_threads(threads) if (core::volume(n) > cells_worth_a_team)            \
    schedule(static)
    for (Index row = 0; row < n[0] * n[1]; ++row) {
        const Index z = box.lo[0] + row / n[1];
        const Index y = box.lo[1] + row % n[1];
        const auto [first, last] = span_of(shape, box, z, y);
        const Index x0 = first - block.lo[2];
        const Index x1 = last - block.lo[2];
        set(u.row(z - block.lo[0], y - block.lo[1]), x0, x1, shape.values.u);
        set(v.row(z - block.lo[0], y - block.lo[1]), x0, x1, shape.values.v);
    }
}

/// Reads the block slab by slab: files hold any precision, their doubles are not held all at once.
template <typename T>
void read_file(const config::InitialFile& file, const Extents& global, const Box& block,
               const core::View3<T>& to, InitialFileReader& reader) {
    const Extents n = block.shape();
    const Index rows = std::clamp<Index>(slab_cells / n[2], 1, n[1]);
    std::vector<double> slab(static_cast<std::size_t>(rows * n[2]));
    for (Index z = 0; z < n[0]; ++z) {
        for (Index y = 0; y < n[1]; y += rows) {
            const Index some = std::min(rows, n[1] - y);
            const Extents lo{block.lo[0] + z, block.lo[1] + y, block.lo[2]};
            reader.read(file, global, {lo, {lo[0] + 1, lo[1] + some, block.hi[2]}}, slab.data());
            for (Index row = 0; row < some; ++row)
                std::transform(slab.data() + row * n[2], slab.data() + (row + 1) * n[2],
                               to.row(z, y + row), [](double x) { return static_cast<T>(x); });
        }
    }
}

} // namespace

void visit_initial_shapes(const Config& config,
                          const std::function<void(const InitialShape&)>& visit) {
    const config::Initial& initial = config.initial;
    if (initial.is_default()) visit(default_patch(config));
    for (const config::InitialBox& box : initial.boxes)
        visit({.box = intersect({box.from, box.to}, whole(config)), .values = box.values});
    for (const config::InitialDisk& disk : initial.disks)
        visit(ball(config, disk.center, disk.radius, disk.values));
    if (initial.scatter) visit_scatter(config, visit);
}

template <typename T>
void fill_initial_state(const Config& config, const Box& block, core::View3<T> u, core::View3<T> v,
                        InitialFileReader* reader, int threads) {
    apply({.box = block, .values = {config.initial.u, config.initial.v}}, block, u, v, threads);
    for (const config::InitialFile& file : config.initial.files) {
        if (reader == nullptr)
            throw core::Error(core::ErrorText{.what = "cannot read an initial file",
                                              .where = file.path,
                                              .why = "the program gave no reader for files"});
        read_file(file, config.grid.shape, block, file.field == core::Field::u ? u : v, *reader);
    }
    visit_initial_shapes(config,
                         [&](const InitialShape& shape) { apply(shape, block, u, v, threads); });
}

template void fill_initial_state(const Config&, const Box&, core::View3<float>, core::View3<float>,
                                 InitialFileReader*, int);
template void fill_initial_state(const Config&, const Box&, core::View3<double>,
                                 core::View3<double>, InitialFileReader*, int);

} // namespace morphogen::simulation
