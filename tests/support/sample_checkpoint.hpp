#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/store/checkpoint.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace morphogen::test {

/// A checkpoint's header and cells without a run: 3-D or 2-D, f32 or f64.
class SampleCheckpoint {
public:
    SampleCheckpoint(int dims, core::Precision precision) {
        header.dims = dims;
        header.global = dims == 2 ? core::Extents{1, 20, 30} : core::Extents{7, 9, 11};
        header.precision = precision;
        header.isa = "avx2";
        header.fma = true;
        header.config_toml = "[grid]\nprecision = \"whatever\"\n";
        header.spacing = 0.5;
    }

    /// Different in every cell, field and step.
    double value(core::Field field, const core::Extents& cell) const {
        const auto number = (cell[0] * header.global[1] + cell[1]) * header.global[2] + cell[2] +
                            1000 * header.step;
        return static_cast<double>(number) + (field == core::Field::u ? 0.25 : 0.5);
    }

    std::vector<std::byte> cells(core::Field field, const core::Box& box) const {
        std::vector<std::byte> bytes;
        const auto add = [&](auto v) {
            const auto* first = reinterpret_cast<const std::byte*>(&v);
            bytes.insert(bytes.end(), first, first + sizeof v);
        };
        for (core::Index z = box.lo[0]; z < box.hi[0]; ++z)
            for (core::Index y = box.lo[1]; y < box.hi[1]; ++y)
                for (core::Index x = box.lo[2]; x < box.hi[2]; ++x) {
                    const double v = value(field, {z, y, x});
                    if (header.precision == core::Precision::f32)
                        add(static_cast<float>(v));
                    else
                        add(v);
                }
        return bytes;
    }

    /// The grid cut into @p z x @p y x @p x blocks.
    std::vector<core::Box> split(core::Index z, core::Index y, core::Index x) const {
        std::vector<core::Box> blocks;
        const core::Extents parts{z, y, x};
        for (core::Index i = 0; i < core::volume(parts); ++i) {
            const core::Extents at{i / (y * x), i / x % y, i % x};
            core::Box block;
            for (std::size_t a = 0; a < 3; ++a) {
                const auto [lo, hi] = core::split_evenly(header.global[a], parts[a], at[a]);
                block.lo[a] = lo;
                block.hi[a] = hi;
            }
            blocks.push_back(block);
        }
        return blocks;
    }

    void write_pieces(const store::RunDirectory& run, const std::vector<core::Box>& blocks,
                      core::Durability durability = core::Durability::none) {
        header.ranks = static_cast<int>(blocks.size());
        for (std::size_t r = 0; r < blocks.size(); ++r)
            store::write_checkpoint_piece(run, header, static_cast<int>(r), blocks[r],
                                          cells(core::Field::u, blocks[r]),
                                          cells(core::Field::v, blocks[r]), durability);
    }

    void write(const store::RunDirectory& run, core::Index step,
               const std::vector<core::Box>& blocks,
               core::Durability durability = core::Durability::none) {
        header.step = step;
        header.frames = step / 10;
        write_pieces(run, blocks, durability);
        store::commit_checkpoint(run, header, blocks, durability);
    }

    /// Whether the checkpoint, read as @p blocks, holds the cells that were written at its step.
    bool reads_back(const store::CheckpointEntry& entry, const std::vector<core::Box>& blocks) {
        header.step = entry.step;
        for (const core::Box& block : blocks) {
            const auto u = cells(core::Field::u, block);
            const auto v = cells(core::Field::v, block);
            std::vector<std::byte> read_u(u.size());
            std::vector<std::byte> read_v(v.size());
            store::read_checkpoint(entry, block, read_u, read_v);
            if (read_u != u || read_v != v) return false;
        }
        return true;
    }

    store::CheckpointHeader header;
};

} // namespace morphogen::test
