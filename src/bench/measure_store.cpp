#include "morphogen/bench/limits.hpp"
#include "morphogen/codec/encoder.hpp"

#include "bench/frames.hpp"
#include "bench/measurements.hpp"
#include "bench/sample_field.hpp"
#include "bench/scratch_file.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace morphogen::bench {
namespace {

using StoredChunk = std::vector<std::byte>;

/// One frame's chunks as they are stored.
std::vector<StoredChunk> encode_frame(const store::FrameLayout& layout, const SampleField& field) {
    const std::size_t raw_bytes = layout.chunk_bytes();
    codec::ChunkEncoder encoder(layout.filters, raw_bytes);
    core::AlignedBuffer<std::byte> raw(raw_bytes);
    StoredChunk stored(codec::ChunkEncoder::bound(layout.filters, raw_bytes));
    std::vector<StoredChunk> chunks;
    for (core::Index c = 0; c < layout.chunks(); ++c) {
        store::gather_chunk(layout, c, reinterpret_cast<const std::byte*>(field.v.data()),
                            raw.data());
        const std::size_t n = encoder.encode(raw.span(), stored);
        chunks.emplace_back(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(n));
    }
    return chunks;
}

double write_hdf5(const config::Config& config, const std::vector<StoredChunk>& chunks,
                  core::Index frames, const std::filesystem::path& directory) {
    const store::FrameLayout layout = whole_layout(config);
    const core::Stopwatch watch;
    const auto sink = open_frames_file(config, layout, directory);
    for (core::Index f = 0; f < frames; ++f) {
        store::FrameRecord record;
        record.number = f;
        record.step = f;
        record.time = static_cast<double>(f);
        sink->begin_frame(record);
        for (std::size_t c = 0; c < chunks.size(); ++c)
            sink->put_chunk(0, static_cast<core::Index>(c), chunks[c]);
        sink->end_frame();
        sink->commit();
    }
    sink->close();
    const double seconds = watch.seconds();
    std::filesystem::remove_all(directory);
    return seconds;
}

double write_plain(config::Sync sync, const std::vector<StoredChunk>& chunks, core::Index frames,
                   const std::filesystem::path& path) {
    const core::Stopwatch watch;
    {
        PlainFile file(path);
        for (core::Index f = 0; f < frames; ++f) {
            for (const StoredChunk& chunk : chunks)
                file.write(chunk);
            if (sync == config::Sync::frame) file.sync();
        }
        if (sync == config::Sync::close) file.sync();
    }
    const double seconds = watch.seconds();
    std::filesystem::remove(path);
    return seconds;
}

const char* name_of(config::Sync sync) {
    return sync == config::Sync::never ? "never" : sync == config::Sync::close ? "close" : "frame";
}

} // namespace

Report measure_store(const Context& context) {
    const bool brief = context.brief();
    const core::Index frames = brief ? 2 : 24;
    const core::Index height = brief ? 108 : 1080;
    const core::Index width = brief ? 192 : 1920;
    Report report(
        "store",
        fmt::format("{} frames of {} x {} f32, committed one by one", frames, height, width),
        {{"codec", "codec"},
         {"sync", "fsync"},
         {"mb", "MB", 1, Meaning::detail},
         {"hdf5_mb_per_s", "HDF5 MB/s", 0},
         {"plain_mb_per_s", "plain MB/s", 0, Meaning::detail},
         {"percent_of_plain", "% of plain"},
         {"percent_of_disk", "% of disk", 1, Meaning::detail}});
    const ScratchDirectory scratch(context.directory);
    const SampleField field =
        make_sample_field(height, width, brief ? 50 : developed_steps / 2, context.threads);
    const DiskRate disk = disk_rate(
        scratch.path(), static_cast<std::size_t>(frames * height * width) * 4, context.seconds);
    report.add_fact("disk_mb_per_s", "disk, write", disk.to_cache / 1e6, "MB/s");
    report.add_fact("disk_synced_mb_per_s", "disk, write and fsync", disk.synced / 1e6, "MB/s");
    for (const char* codec : {"none", "deflate:1"}) {
        const config::Config plain_config =
            make_config(height, width, codec::parse_codec(codec), config::Sync::never);
        const std::vector<StoredChunk> chunks = encode_frame(whole_layout(plain_config), field);
        std::size_t frame_bytes = 0;
        for (const StoredChunk& chunk : chunks)
            frame_bytes += chunk.size();
        const double mb = static_cast<double>(frame_bytes) * static_cast<double>(frames) / 1e6;
        for (const config::Sync sync :
             {config::Sync::never, config::Sync::close, config::Sync::frame}) {
            config::Config config = plain_config;
            config.output.sync = sync;
            const Paired pair = compare(
                2 * context.seconds, 3,
                [&] { return write_hdf5(config, chunks, frames, scratch.path() / "run"); },
                [&] { return write_plain(sync, chunks, frames, scratch.path() / "plain"); });
            const double limit = (sync == config::Sync::never ? disk.to_cache : disk.synced) / 1e6;
            report.add_row({std::string(codec), std::string(name_of(sync)), mb, mb / pair.first,
                            mb / pair.second, 100.0 / pair.ratio, 100.0 * mb / pair.first / limit});
        }
    }
    report.add_note("plain: the same bytes by write() into one file, with as many fsyncs of it");
    return report;
}

} // namespace morphogen::bench
