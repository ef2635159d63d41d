#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace morphogen::rework {

/// What the input says about its frames: one element each.
struct FrameNumbers {
    store::ElementType type;
    std::vector<std::byte> values;
};

/// Where series go.
struct SeriesTable {
    const store::DatasetReader& reader;
    std::span<const core::Dims> points;
    std::optional<FrameNumbers> step;
    std::optional<FrameNumbers> time;
};

class SeriesOutput {
public:
    virtual ~SeriesOutput() = default;
    /// Frames [first, first + count) as [frame][point], bytes as in the input, in order.
    virtual void put(core::Index first, core::Index count, std::span<const std::byte> values) = 0;
    /// The output appears. Without it nothing is left.
    virtual void close() = 0;
};

/// @p path empty: standard output.
std::unique_ptr<SeriesOutput> csv_output(const SeriesTable& table,
                                         const std::filesystem::path& path, bool replace);
std::unique_ptr<SeriesOutput> hdf5_output(const SeriesTable& table,
                                          const std::filesystem::path& path, bool replace);

} // namespace morphogen::rework
