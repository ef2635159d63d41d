#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/layout.hpp"

#include "catch.hpp"
#include "sample_frames.hpp"
#include "store/chunk_sink.hpp"
#include "store/hdf5/superblock.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// What kills leave, and how to look at it.
namespace morphogen::test {

inline config::Config killed_config() {
    config::Config c;
    c.grid.shape = {1, 20, 30};
    c.output.chunk = std::vector<core::Index>{10, 10};
    return c;
}

/// One rank's run as a kill leaves it: @p committed frames and the beginning of another.
inline void write_killed(const std::filesystem::path& root, core::Index committed,
                         core::Index frames_per_file = 0,
                         const config::Config& config = killed_config()) {
    const auto layout = store::make_layout(config, {{0, 0, 0}, {1, 20, 30}});
    store::ChunkSink sink(store::SinkFiles{.directory = {root},
                                           .sync = config::Sync::never,
                                           .frames_per_file = frames_per_file,
                                           .blocks = {layout.block}},
                          layout, store::Provenance{});
    for (core::Index n = 0; n <= committed; ++n) {
        write_frame(sink, layout, sample_frame(layout, n));
        if (n < committed) sink.commit();
    }
    sink.abandon();
}

inline std::string content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// As a kill leaves it.
/// @param flags 1: open for writing, 4: by a SWMR writer (HDF5 File Format Specification 3.0)
inline void mark_as_open(const std::filesystem::path& path, char flags = 5) {
    std::string image = content(path);
    image.at(11) = flags;
    store::hdf5::seal_superblock(image);
    std::ofstream(path, std::ios::binary) << image;
}

inline core::Index length(const store::hdf5::File& file, const char* name) {
    return static_cast<core::Index>(
        store::hdf5::shape_of(store::hdf5::open_dataset(file.get(), name)).front());
}

inline void check_plain(const std::filesystem::path& path, core::Index frames) {
    const auto file = store::hdf5::open_file(path, store::hdf5::Mode::read);
    for (const char* name : {"step", "time", "v", "stats/v_min"}) {
        CAPTURE(path.native(), name);
        CHECK(length(file, name) == frames);
    }
}

inline bool mentions(const std::vector<std::string>& lines, const std::string& text) {
    for (const std::string& line : lines)
        if (line.find(text) != std::string::npos) return true;
    return false;
}

inline void flip(const std::filesystem::path& path, std::streamoff at) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(at);
    const char byte = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x20));
}

/// Of an object of a file that is closed, or that a kill left.
inline void damage_header(const std::filesystem::path& path, const char* name) {
    H5O_info_t info{};
    {
        const auto file = store::hdf5::open_file(path, store::hdf5::Mode::read_swmr);
        store::hdf5::call("H5Oget_info", {.object = file.get()}, [&] {
            return H5Oget_info_by_name2(file.get(), name, &info, H5O_INFO_BASIC, H5P_DEFAULT);
        });
    }
    constexpr int flags = 5; // after "OHDR" and the version
    flip(path, static_cast<std::streamoff>(info.addr) + flags);
}

} // namespace morphogen::test
