#include "morphogen/simulation/initial_state.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <vector>

using morphogen::config::Config;
using morphogen::config::InitialFile;
using morphogen::config::InitialScatter;
using morphogen::core::Box;
using morphogen::core::Error;
using morphogen::core::Extents;
using morphogen::core::Field;
using morphogen::core::Index;
using morphogen::core::View3;
using morphogen::core::volume;
using morphogen::simulation::InitialFileReader;
using morphogen::simulation::InitialShape;
namespace simulation = morphogen::simulation;

namespace {

struct Filled {
    std::vector<float> u;
    std::vector<float> v;
};

Filled fill(const Config& config, const Box& block, InitialFileReader* reader = nullptr) {
    const auto cells = static_cast<std::size_t>(volume(block.shape()));
    Filled f{std::vector<float>(cells, -1.0F), std::vector<float>(cells, -1.0F)};
    simulation::fill_initial_state(
        config, block, morphogen::core::dense_view(f.u.data(), block.shape()),
        morphogen::core::dense_view(f.v.data(), block.shape()), reader, 2);
    return f;
}

Box whole(const Config& config) {
    return {{}, config.grid.shape};
}

/// Cell by cell, every shape asked whether it covers the cell.
float naive(const Config& config, Field field, const Extents& cell) {
    const bool is_u = field == Field::u;
    double value = is_u ? config.initial.u : config.initial.v;
    const auto put = [&](const morphogen::config::Patch& patch) {
        if (const auto& given = is_u ? patch.u : patch.v) value = *given;
    };
    const auto covers = [&](const std::array<double, 3>& center, double radius) {
        double distance = 0.0;
        for (std::size_t a = config.grid.dims == 3 ? 0 : 1; a < 3; ++a) {
            const double d = static_cast<double>(cell[a]) - center[a];
            distance += d * d;
        }
        return distance <= radius * radius;
    };
    for (const auto& box : config.initial.boxes)
        if (Box{box.from, box.to}.contains(cell)) put(box.values);
    for (const auto& disk : config.initial.disks)
        if (covers(disk.center, disk.radius)) put(disk.values);
    if (config.initial.scatter)
        simulation::visit_initial_shapes(
            config, [&, i = std::size_t{0}](const InitialShape& s) mutable {
                if (i++ < config.initial.boxes.size() + config.initial.disks.size()) return;
                if (covers(s.center, s.radius)) put(s.values);
            });
    return static_cast<float>(value);
}

void compare_with_naive(const Config& config, const Box& block) {
    const Filled filled = fill(config, block);
    std::size_t i = 0;
    bool same = true;
    for (Index z = block.lo[0]; z < block.hi[0]; ++z)
        for (Index y = block.lo[1]; y < block.hi[1]; ++y)
            for (Index x = block.lo[2]; x < block.hi[2]; ++x, ++i)
                same = same && filled.u[i] == naive(config, Field::u, {z, y, x}) &&
                       filled.v[i] == naive(config, Field::v, {z, y, x});
    CHECK(same);
}

Config plane() {
    Config config;
    config.grid.shape = {1, 60, 80};
    config.initial.u = 0.75;
    config.initial.v = 0.125;
    return config;
}

Config cube() {
    Config config = plane();
    config.grid.dims = 3;
    config.grid.shape = {20, 25, 30};
    return config;
}

Index cells_with(const std::vector<float>& field, float value) {
    return std::count(field.begin(), field.end(), value);
}

/// Knows the value of every cell by its number.
class NumberReader final : public InitialFileReader {
public:
    void read(const InitialFile&, const Extents& global, const Box& box, double* out) override {
        for (Index z = box.lo[0]; z < box.hi[0]; ++z)
            for (Index y = box.lo[1]; y < box.hi[1]; ++y)
                for (Index x = box.lo[2]; x < box.hi[2]; ++x)
                    *out++ = static_cast<double>((z * global[1] + y) * global[2] + x);
        ++calls;
    }
    int calls = 0;
};

} // namespace

TEST_CASE("the default patch in 2-D is a square off the centre") {
    Config config;
    config.grid.shape = {1, 64, 128};
    const Filled f = fill(config, whole(config));
    CHECK(cells_with(f.v, 1.0F) == 4 * 8); // rows 24 to 27, columns 56 to 63
    CHECK(cells_with(f.u, 0.0F) == 4 * 8);
    CHECK(cells_with(f.u, 1.0F) == 64 * 128 - 4 * 8);
    for (const Index y : {24, 27})
        CHECK(f.v[static_cast<std::size_t>(y * 128 + 56)] == 1.0F);
    CHECK(f.v[static_cast<std::size_t>(23 * 128 + 56)] == 0.0F);
    CHECK(f.v[static_cast<std::size_t>(24 * 128 + 64)] == 0.0F);
    config.grid.shape = {1, 4, 4}; // the rows of the patch end before the first
    CHECK(cells_with(fill(config, whole(config)).v, 1.0F) == 0);
}

TEST_CASE("the default patch in 3-D is a cube clipped to the grid") {
    Config config;
    config.grid.dims = 3;
    config.grid.shape = {32, 30, 9};
    const Filled f = fill(config, whole(config));
    CHECK(cells_with(f.v, 0.33F) == 12 * 12 * 9);
    CHECK(cells_with(f.u, 0.25F) == 12 * 12 * 9);
    CHECK(f.u[static_cast<std::size_t>((10 * 30 + 9) * 9)] == 0.25F);
    CHECK(f.u[static_cast<std::size_t>((9 * 30 + 9) * 9)] == 1.0F);
}

TEST_CASE("boxes and disks cover what a naive fill covers") {
    Config config = plane();
    config.initial.boxes.push_back({{0, 10, -5}, {1, 20, 12}, {0.0, std::nullopt}});
    config.initial.boxes.push_back({{0, 15, 5}, {1, 90, 9}, {std::nullopt, 0.5}});
    config.initial.disks.push_back({{0.0, 30.5, 40.25}, 7.3, {0.1, 0.2}});
    config.initial.disks.push_back({{0.0, -2.0, 79.0}, 5.0, {0.3, std::nullopt}});
    config.initial.disks.push_back({{0.0, 50.0, 50.0}, 0.0, {0.9, 0.9}}); // one cell
    config.initial.disks.push_back({{0.0, 1e300, 50.0}, 1e10, {0.9, 0.9}});
    compare_with_naive(config, whole(config));
    compare_with_naive(config, {{0, 13, 3}, {1, 47, 51}});
    Config deep = cube();
    deep.initial.boxes.push_back({{-3, 2, 1}, {5, 9, 40}, {0.0, 1.0}});
    deep.initial.disks.push_back({{8.0, 12.5, 14.0}, 6.1, {0.1, 0.2}});
    compare_with_naive(deep, whole(deep));
    compare_with_naive(deep, {{4, 9, 11}, {13, 14, 29}});
}

TEST_CASE("scattered disks come from the seed alone") {
    for (Config config : {plane(), cube()}) {
        config.initial.scatter = InitialScatter{.count = 12, .radius = 2.5};
        compare_with_naive(config, whole(config));
        compare_with_naive(config, {{0, 7, 7}, {1, 20, 29}});
        const Filled first = fill(config, whole(config));
        CHECK(cells_with(first.v, 0.33F) > 12);
        CHECK(fill(config, whole(config)).v == first.v);
        config.physics.seed = 2;
        CHECK(fill(config, whole(config)).v != first.v);
    }
}

TEST_CASE("scattered disks lie at the positions of the first release") {
    Config config;
    config.grid.shape = {1, 1000, 1000};
    config.physics.seed = 1;
    config.initial.scatter = InitialScatter{.count = 2, .radius = 3.0};
    std::vector<Extents> centers;
    simulation::visit_initial_shapes(config, [&](const InitialShape& s) {
        centers.push_back({static_cast<Index>(s.center[0]), static_cast<Index>(s.center[1]),
                           static_cast<Index>(s.center[2])});
    });
    CHECK(centers == std::vector<Extents>{{0, 133, 136}, {0, 451, 21}});
}

TEST_CASE("files come after the background and before the shapes") {
    Config config = plane();
    config.initial.files.push_back({.path = "a.h5", .dataset = "v", .field = Field::v});
    config.initial.boxes.push_back({{0, 0, 0}, {1, 20, 1}, {std::nullopt, -7.0}});
    NumberReader reader;
    const Filled f = fill(config, {{0, 10, 0}, {1, 30, 80}}, &reader);
    CHECK(reader.calls > 0);
    CHECK(cells_with(f.u, 0.75F) == 20 * 80);
    CHECK(f.v[0] == -7.0F);
    CHECK(f.v[1] == 10.0F * 80 + 1);
    CHECK(f.v.back() == 29.0F * 80 + 79);
    CHECK_THROWS_AS(fill(config, whole(config)), Error);
    Config deep = cube();
    deep.initial.files.push_back({.path = "a.h5", .dataset = "u", .field = Field::u});
    const Filled d = fill(deep, {{3, 4, 5}, {6, 8, 10}}, &reader);
    CHECK(d.u.front() == (3.0F * 25 + 4) * 30 + 5);
    CHECK(d.u.back() == (5.0F * 25 + 7) * 30 + 9);
}
