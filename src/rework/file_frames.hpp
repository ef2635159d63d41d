#pragma once

#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/render.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include "rework/element_values.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::rework {

/// Frames of a dataset [time, (z,) y, x] of an HDF5 file. Chunks are decoded on a team, each once
/// for all the frames and planes of a call of read().
class FileFrames final : public FrameSource {
public:
    /// @param dataset with 3 or 4 axes.
    /// @throws core::UsageError for elements that to_doubles() does not know; core::Error
    FileFrames(std::shared_ptr<const store::FileReader> file, const std::string& dataset);

    core::Index frames() const override { return reader_.shape()[0]; }
    core::Extents shape() const override { return shape_; }
    core::Index frames_at_once() const override { return window_; }
    std::uint64_t reading_bytes(int threads) const override;
    void read(std::span<const core::Index> frames, core::Index first, core::Index last,
              std::span<double> planes, int threads) override;
    /// /stats of a run's file. They are those before rounding, which moves the ends of a colour map
    /// by less than anyone sees.
    std::optional<ValueRange> stored_range(std::span<const core::Index> frames) const override;

private:
    /// Frames of one window that is read at once.
    struct Window {
        std::vector<core::Index> frames; // of the file, ascending
        std::vector<std::size_t> places; // in the result
    };
    /// One thread's part of a projection.
    struct Scratch {
        std::vector<double> values; // of a block, one plane
        std::vector<double> row;
    };

    std::vector<Window> windows_of(std::span<const core::Index> frames) const;
    core::NdBox box_of(const Window& window, core::Index first, core::Index last) const;
    void place(const BlockView& block, const core::NdBox& part, core::Index frame,
               std::span<double> plane) const;
    void project(const BlockView& block, const core::NdBox& part, core::Index frame,
                 std::span<double> plane, Scratch& scratch, std::mutex& mutex) const;

    std::shared_ptr<const store::FileReader> file_;
    store::DatasetReader reader_;
    ToDoubles convert_;
    core::Extents shape_{1, 1, 1};
    core::Index window_ = 1;              // frames
    std::size_t largest_block_plane_ = 0; // cells
    std::optional<BlockStream> stream_;
    std::vector<Scratch> scratch_; // by thread
};

} // namespace morphogen::rework
