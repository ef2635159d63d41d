#include "morphogen/bench/limits.hpp"
#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/large_pages.hpp"
#include "morphogen/run/run.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_directory.hpp"

#include "bench/comparing_sink.hpp"
#include "bench/frames.hpp"
#include "bench/measurements.hpp"
#include "bench/own_tiling.hpp"
#include "bench/scratch_file.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace morphogen::bench {
namespace {

using core::Index;

/// All of the reference run's frames, which takes minutes.
bool is_whole(const Context& context) {
    return context.seconds >= 4.0;
}

config::Config reference(const Context& context, const std::filesystem::path& directory) {
    const bool brief = context.brief();
    config::Config config =
        make_config(brief ? 108 : 1080, brief ? 192 : 1920, codec::Codec{}, config::Sync::never);
    config.time.frames = brief ? 3 : is_whole(context) ? 1000 : 200;
    config.time.steps_per_frame = brief ? 2 : 34;
    config.threads.compute = context.threads;
    config.output.directory = directory.native();
    config.checkpoint.every = config::CheckpointNever{};
    return config;
}

run::Report run_once(config::Config config, bool output, run::RunOptions options = {}) {
    config.output.enabled = output;
    options.force = true;
    // Beside the run's directory: all runs have the tiling that the first one may have measured.
    options.tiling =
        own_tiling(2, std::filesystem::path(config.output.directory).parent_path() / "tilings");
    return run::run_simulation(config, mpi::Communicator(), options);
}

double stage_cpu_seconds(const run::Report& report) {
    return report.writer.compress_cpu_s + report.writer.write_cpu_s + report.copy_cpu_s;
}

/// The chunks of @p frame one after the other.
core::AlignedBuffer<std::byte> chunks_of(const store::FrameLayout& layout,
                                         const core::AlignedBuffer<float>& frame) {
    const std::size_t bytes = layout.chunk_bytes();
    core::AlignedBuffer<std::byte> chunks(bytes * static_cast<std::size_t>(layout.chunks()));
    for (Index c = 0; c < layout.chunks(); ++c)
        store::gather_chunk(layout, c, reinterpret_cast<const std::byte*>(frame.data()),
                            chunks.data() + static_cast<std::size_t>(c) * bytes);
    return chunks;
}

/// CPU seconds of encoding the same chunks on one thread, with nothing beside it. Every tenth of
/// the frames that lie in @p directory stands for ten.
double compress_alone(const config::Config& config, const store::FrameLayout& layout,
                      const std::filesystem::path& directory) {
    const store::FileReader reader(store::RunDirectory{directory}.frames());
    core::AlignedBuffer<float> frame(layout.frame_bytes() / sizeof(float));
    codec::ChunkEncoder encoder(layout.filters, layout.chunk_bytes());
    core::AlignedBuffer<std::byte> stored(
        codec::ChunkEncoder::bound(layout.filters, layout.chunk_bytes()));
    const Index every = std::max<Index>(config.time.frames / 10, 1);
    double seconds = 0.0;
    Index samples = 0;
    for (Index f = every / 2; f < config.time.frames; f += every, ++samples) {
        reader.read_frame("v", f, frame.span());
        const core::AlignedBuffer<std::byte> chunks = chunks_of(layout, frame);
        const auto encode_all = [&] {
            for (std::size_t at = 0; at < chunks.size(); at += layout.chunk_bytes())
                keep(
                    encoder.encode(chunks.span().subspan(at, layout.chunk_bytes()), stored.span()));
        };
        encode_all(); // warm, as in the stream of frames
        seconds += std::min(cpu_seconds_of(encode_all), cpu_seconds_of(encode_all));
    }
    return seconds * static_cast<double>(config.time.frames) / static_cast<double>(samples);
}

/// Copies a frame's bytes with memcpy, by the threads that compute.
class PlainCopy {
public:
    PlainCopy(std::size_t bytes, int threads)
        : from_(core::large_buffer<std::byte>(bytes)), to_(core::large_buffer<std::byte>(bytes)),
          threads_(threads) {
        std::ranges::fill(from_.span(), std::byte{1});
    }

    /// @returns the CPU seconds of all threads.
    double run() {
        double seconds = 0.0;
        const auto parts = static_cast<std::size_t>(threads_);
#pragma omp parallel num_threads(threads_) reduction(+ : seconds)
        {
            const auto mine = static_cast<std::size_t>(omp_get_thread_num());
            const std::size_t begin = from_.size() * mine / parts;
            const std::size_t end = from_.size() * (mine + 1) / parts;
            seconds += cpu_seconds_of(
                [&] { std::memcpy(to_.data() + begin, from_.data() + begin, end - begin); });
        }
        return seconds;
    }

private:
    core::AlignedBuffer<std::byte> from_;
    core::AlignedBuffer<std::byte> to_;
    int threads_;
};

/// CPU seconds of a run's copies and writes, and of the same bytes by memcpy and write(), besides,
/// at the same moments and on the threads where the run copies and writes. In loops of their own,
/// and even in the next run, they find the caches, the memory and the system's free pages in
/// another state, which can cost more than the bytes themselves.
struct PlainComparison {
    double own_copy = 0.0;
    double copy = 0.0;
    WriteCosts writes;
};

/// Of one more run.
void compare_in_a_run(PlainComparison& plain, const config::Config& config,
                      const std::filesystem::path& path) {
    PlainCopy copy(whole_layout(config).frame_bytes(), config.threads.compute);
    double copied = 0.0; // not after the last frame
    run::RunOptions options;
    options.sweep_probe = [&](Index step) {
        if (step > 0 && step % config.time.steps_per_frame == 0) copied += copy.run();
    };
    options.wrap_sink = [&](std::unique_ptr<store::FrameSink> sink) {
        return std::make_unique<ComparingSink>(std::move(sink), plain.writes, path);
    };
    plain.own_copy += run_once(config, true, options).copy_cpu_s;
    plain.copy += copied * static_cast<double>(config.time.frames) /
                  static_cast<double>(std::max<Index>(config.time.frames - 1, 1));
}

/// Of several runs where they are short; the copies' means.
PlainComparison compare_with_plain(const Context& context, const config::Config& config,
                                   const std::filesystem::path& path) {
    const int runs = is_whole(context) || context.brief() ? 1 : 3;
    PlainComparison plain;
    for (int i = 0; i < runs; ++i)
        compare_in_a_run(plain, config, path);
    plain.own_copy /= runs;
    plain.copy /= runs;
    return plain;
}

} // namespace

Report measure_run(const Context& context) {
    const ScratchDirectory scratch(context.directory);
    const std::filesystem::path directory = scratch.path() / "run";
    const config::Config config = reference(context, directory);
    const store::FrameLayout layout = whole_layout(config);
    Report report("run",
                  fmt::format("{} frames of {} x {} f32, {} steps each, {}, {} threads",
                              config.time.frames, config.grid.shape[1], config.grid.shape[2],
                              config.time.steps_per_frame, codec::to_string(config.output.codec),
                              context.threads),
                  {{"what", "what"},
                   {"seconds", "seconds", 3, Meaning::less_is_better},
                   {"limit_s", "limit s", 3, Meaning::detail},
                   {"percent_of_limit", "% of limit", 1},
                   {"limit", "limit", 0, Meaning::detail}});

    std::vector<double> shared; // the stages' CPU seconds / threads
    std::vector<double> compression;
    run::Report last;
    const Paired pair = compare(
        8 * context.seconds, 2, [&] { return run_once(config, false).wall_s; },
        [&] {
            last = run_once(config, true);
            compression.push_back(last.writer.compress_cpu_s);
            shared.push_back(stage_cpu_seconds(last) / context.threads);
            return last.wall_s;
        });
    const double off = pair.first;
    const double cells = static_cast<double>(core::volume(config.grid.shape)) *
                         static_cast<double>(config.time.frames * config.time.steps_per_frame);
    const double fma = fma_rate(kernel::best_isa(), context.threads, context.seconds / 4) *
                       lanes(kernel::best_isa(), sizeof(float)) / operations_per_vector;
    const double bytes_stored = static_cast<double>(last.writer.bytes_stored);
    const double encoding = compress_alone(config, layout, directory);
    const PlainComparison plain = compare_with_plain(context, config, scratch.path() / "plain");

    const auto row = [&](const char* what, double seconds, double limit, const char* which) {
        report.add_row(
            {std::string(what), seconds, limit, 100.0 * limit / seconds, std::string(which)});
    };
    row("output off", off, cells / fma, "multiply-adds, 16 per vector of cells");
    row("every frame stored", pair.second, off + median(shared),
        "output off + the stages' CPU time shared by the threads");
    row("compression, CPU", median(compression), encoding,
        "the same chunks, one thread, nothing beside it");
    row("copy, CPU", plain.own_copy, plain.copy, "memcpy of the frames, in the same run");
    row("write, CPU", plain.writes.sink.per_byte() * bytes_stored,
        plain.writes.plain.per_byte() * bytes_stored, "the same bytes by write(), in the same run");
    const double raw = static_cast<double>(last.writer.bytes_raw);
    report.add_fact("gcells_per_s", "cell updates, output off", cells / off / 1e9, "G cells/s");
    report.add_fact("raw_mb", "frames", raw / 1e6, "MB");
    report.add_fact("ratio", "compression ratio", raw / bytes_stored, "");
    report.add_fact("encode_mb_per_s", "compression, one thread", raw / encoding / 1e6, "MB/s");
    if (!is_whole(context))
        report.add_note("the first of the reference run's 1000 frames, which are nearly empty; "
                        "--seconds 4 or more takes them all");
    report.add_note(fmt::format("a frame's write takes {:.3f} ms more than write(): the median, of "
                                "neighbouring frames",
                                1e3 * plain.writes.beyond_plain()));
    report.add_note(fmt::format("the simulation waited {:.3f} s for the writer; fsync: never",
                                last.writer.stall_s));
    return report;
}

} // namespace morphogen::bench
