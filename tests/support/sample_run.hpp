#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"
#include "morphogen/store/schema.hpp"

#include "sample_frames.hpp"
#include "store/chunk_sink.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace morphogen::test {

/// A run of two ranks, 20 x 30 cells cut at x = 13, as it lies on disk: @p committed frames, of
/// which the second part holds only @p second.
inline void write_two_parts(const std::filesystem::path& directory, core::Index committed,
                            core::Index second) {
    std::filesystem::create_directory(directory / "parts");
    config::Config c;
    c.grid.shape = {1, 20, 30};
    c.output.chunk = std::vector<core::Index>{10, 10};
    const store::Provenance provenance{.config_toml = "seed = 1\n", .host = "h", .ranks = 2};
    std::vector<store::FrameLayout> layouts;
    const std::vector<core::Box> blocks{{{0, 0, 0}, {1, 20, 13}}, {{0, 0, 13}, {1, 20, 30}}};
    std::vector<std::unique_ptr<store::ChunkSink>> sinks;
    for (int rank = 0; rank < 2; ++rank) {
        layouts.push_back(store::make_layout(c, blocks[static_cast<std::size_t>(rank)]));
        sinks.push_back(
            std::make_unique<store::ChunkSink>(store::SinkFiles{.directory = {directory},
                                                                .sync = config::Sync::never,
                                                                .rank = rank,
                                                                .blocks = blocks},
                                               layouts.back(), provenance));
    }
    sinks[0]->open_master();
    for (std::size_t rank = 0; rank < 2; ++rank)
        for (core::Index n = 0; n < (rank == 0 ? committed : second); ++n) {
            write_frame(*sinks[rank], layouts[rank], sample_frame(layouts[rank], n));
            sinks[rank]->commit();
        }
    sinks[0]->publish(committed);
    for (auto& sink : sinks)
        sink->close();
}

} // namespace morphogen::test
