#include "morphogen/bench/limits.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/kernel/copy_out.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/run/frame_encoder.hpp"
#include "morphogen/run/writer.hpp"

#include "bench/block_state.hpp"
#include "bench/frames.hpp"
#include "bench/measurements.hpp"
#include "bench/scratch_file.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>

namespace morphogen::bench {
namespace {

using core::Index;

/// A simulation that gives a frame every so many steps.
struct Scene {
    config::Config config;
    store::FrameLayout layout;
    Index frames;
    Index steps_per_frame;
    int threads;
    kernel::Isa isa = kernel::best_isa();
    BlockState<float> state;

    Scene(const Context& context, bool brief)
        : config(make_config(brief ? 108 : 1080, brief ? 192 : 1920, codec::Codec{},
                             config::Sync::close)),
          layout(whole_layout(config)), frames(brief ? 2 : 24), steps_per_frame(brief ? 2 : 34),
          threads(context.threads), state(config.physics, config.grid.shape, isa, threads) {
        state.sow(8, 48);
        state.advance(brief ? 4
                            : 1000); // half developed: what is stored is neither empty nor noise
    }

    void copy_out(float* to, int copy_threads) {
        keep(kernel::copy_out(state.now().v.as_const(), to, isa, copy_threads));
    }
    void fill(store::Frame& frame, Index number) {
        frame.record = {};
        frame.record.number = number;
        frame.record.step = (number + 1) * steps_per_frame;
        frame.record.time = static_cast<double>(frame.record.step);
        copy_out(reinterpret_cast<float*>(frame.cells.data()), threads);
    }
};

/// What a run of Scene::frames frames took.
struct Outcome {
    double wall = 0.0;
    double stall = 0.0;        // of the simulation
    double compress_cpu = 0.0; // seconds, all threads
    double bytes = 0.0;        // stored
};

double compute_alone(Scene& scene) {
    const core::Stopwatch watch;
    scene.state.advance(scene.frames * scene.steps_per_frame);
    return watch.seconds();
}

std::unique_ptr<store::FrameSink> open(const Scene& scene, const std::filesystem::path& directory,
                                       double bytes_per_second) {
    auto sink = open_frames_file(scene.config, scene.layout, directory);
    if (bytes_per_second > 0.0)
        return std::make_unique<SlowSink>(std::move(sink), bytes_per_second);
    return sink;
}

void store_chunks(run::FrameEncoder& encoder, const store::Frame& frame, store::FrameSink& sink) {
    using Kind = run::FrameOffer::Kind;
    bool offered = false;
    const auto next = [&](bool) {
        return std::exchange(offered, true) ? run::FrameOffer{Kind::end, nullptr}
                                            : run::FrameOffer{Kind::frame, &frame};
    };
    const auto put = [&](const run::EncodedChunk& chunk) {
        sink.put_chunk(chunk.field, chunk.chunk, chunk.stored);
    };
    encoder.encode({next, put});
}

/// Compute, then store, with every thread in both.
Outcome synchronous(Scene& scene, const std::filesystem::path& directory, double bytes_per_second) {
    const core::Stopwatch watch;
    Outcome outcome;
    const auto sink = open(scene, directory, bytes_per_second);
    run::FrameEncoder encoder(scene.layout, run::Rounding{}, scene.threads);
    store::Frame frame;
    frame.cells = core::AlignedBuffer<std::byte>(scene.layout.frame_bytes());
    for (Index f = 0; f < scene.frames; ++f) {
        scene.state.advance(scene.steps_per_frame);
        scene.fill(frame, f);
        const core::Stopwatch waiting;
        sink->begin_frame(frame.record);
        store_chunks(encoder, frame, *sink);
        sink->end_frame();
        sink->commit();
        outcome.stall += waiting.seconds();
    }
    outcome.bytes = static_cast<double>(sink->bytes_stored());
    sink->close();
    outcome.wall = watch.seconds();
    outcome.compress_cpu = encoder.compress_cpu_seconds();
    return outcome;
}

Outcome pipelined(Scene& scene, const std::filesystem::path& directory, double bytes_per_second) {
    const core::Stopwatch watch;
    run::WriterOptions options;
    options.threads = scene.threads;
    run::Writer writer(open(scene, directory, bytes_per_second), scene.layout, options);
    for (Index f = 0; f < scene.frames; ++f) {
        scene.state.advance(scene.steps_per_frame);
        store::Frame frame = writer.acquire();
        scene.fill(frame, f);
        writer.push(std::move(frame));
    }
    writer.close();
    const run::WriterFigures figures = writer.figures();
    return {watch.seconds(), figures.stall_s, figures.compress_cpu_s,
            static_cast<double>(figures.bytes_stored)};
}

/// Both writers in turn on the same disk: medians.
void add_disk(Report& report, const std::string& disk, Scene& scene,
              const ScratchDirectory& scratch, double bytes_per_second, double seconds) {
    const std::filesystem::path directory = scratch.path() / "run";
    Outcome last_synchronous;
    Outcome last_pipelined;
    std::vector<double> alone;
    const auto run = [&](auto&& writer, Outcome& outcome) {
        outcome = writer(scene, directory, bytes_per_second);
        std::filesystem::remove_all(directory);
        return outcome.wall;
    };
    const Paired pair = compare(
        seconds, 3,
        [&] {
            alone.push_back(compute_alone(scene));
            return run(synchronous, last_synchronous);
        },
        [&] { return run(pipelined, last_pipelined); });
    const double compute = median(alone);
    // No schedule is faster than the cores' work shared evenly, nor than the disk.
    const double work = compute + last_synchronous.compress_cpu / scene.threads;
    const double writing = bytes_per_second > 0.0 ? last_synchronous.bytes / bytes_per_second : 0.0;
    const double least = std::max(work, writing);
    const auto add = [&](const char* writer, double wall, const Outcome& outcome, double speedup) {
        report.add_row({disk, std::string(writer), compute, outcome.compress_cpu, writing,
                        outcome.stall, wall, 100.0 * least / wall, speedup});
    };
    add("synchronous", pair.first, last_synchronous, 1.0);
    add("pipeline", pair.second, last_pipelined, pair.ratio);
}

void add_copy(Report& report, Scene& scene, bool brief, double seconds) {
    core::AlignedBuffer<float> to(scene.state.cells());
    const double raw = static_cast<double>(scene.state.cells() * sizeof(float));
    const auto seconds_of = [&](int threads) {
        const core::Stopwatch watch;
        scene.copy_out(to.data(), threads);
        return watch.seconds();
    };
    const Paired pair = compare(
        seconds, 5, [&] { return seconds_of(1); }, [&] { return seconds_of(scene.threads); });
    const double memcpy_gb = memcpy_rate(brief ? small_array : 0, seconds) / 1e9;
    report.add_fact("copy_serial_gb_per_s", "copy with statistics, one thread",
                    raw / pair.first / 1e9, "GB/s");
    report.add_fact("copy_parallel_gb_per_s",
                    fmt::format("copy with statistics, {} threads", scene.threads),
                    raw / pair.second / 1e9, "GB/s");
    report.add_fact("copy_speedup", "parallel copy over serial", pair.ratio, "times");
    report.add_fact("memcpy_gb_per_s", "memcpy, one thread", memcpy_gb, "GB/s");
}

} // namespace

Report measure_overlap(const Context& context) {
    const bool brief = context.brief();
    Scene scene(context, brief);
    const Index cells = scene.config.grid.shape[1] * scene.config.grid.shape[2];
    Report report("overlap",
                  fmt::format("{} frames of {} x {} f32, {} steps each, {} threads", scene.frames,
                              scene.config.grid.shape[1], scene.config.grid.shape[2],
                              scene.steps_per_frame, scene.threads),
                  {{"disk", "disk"},
                   {"writer", "writer"},
                   {"compute_s", "compute s", 2, Meaning::detail},
                   {"compress_cpu_s", "compress CPU s", 2, Meaning::detail},
                   {"disk_s", "disk s", 2, Meaning::detail},
                   {"stall_s", "stalled s", 2, Meaning::detail},
                   {"wall_s", "wall s", 2, Meaning::less_is_better},
                   {"percent_of_limit", "% of limit", 1},
                   {"speedup", "speed-up", 2}});
    add_copy(report, scene, brief, context.seconds);
    const ScratchDirectory scratch(context.directory);
    add_disk(report, "this machine's", scene, scratch, 0.0, 4 * context.seconds);
    // A disk that needs as long for a frame as its steps do: where overlap gains most.
    const double compute = compute_alone(scene);
    const double stored = static_cast<double>(scene.frames * cells) * sizeof(float) / 1.3;
    const double rate = stored / compute;
    report.add_fact("slowed_disk_mb_per_s", "the slowed disk", rate / 1e6, "MB/s");
    add_disk(report, "slowed", scene, scratch, rate, 4 * context.seconds);
    report.add_note(
        "limit: computing and compressing spread evenly over the threads, or the slowed disk");
    return report;
}

} // namespace morphogen::bench
