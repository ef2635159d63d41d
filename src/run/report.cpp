#include "morphogen/run/report.hpp"

#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace morphogen::run {

std::string to_json(const Report& r) {
    core::JsonWriter json;
    json.begin_object();
    json.member("exit", r.exit).member("error", r.error);
    json.member("steps", r.steps)
        .member("frames", r.frames)
        .member("launches", r.launches)
        .member("ranks", r.ranks);
    json.key("threads").begin_object();
    json.member("compute", r.compute_threads)
        .member("io", r.io_threads)
        .member("isa", r.isa)
        .end_object();
    json.member("cells", r.cells);
    json.member("wall_s", r.wall_s).member("compute_s", r.compute_s).member("halo_s", r.halo_s);
    json.member("copy_s", r.copy_s)
        .member("copy_cpu_s", r.copy_cpu_s)
        .member("stall_s", r.writer.stall_s);
    json.key("writer").begin_object();
    json.member("busy_s", r.writer.busy_s).member("idle_s", r.writer.idle_s);
    json.member("compress_cpu_s", r.writer.compress_cpu_s)
        .member("write_cpu_s", r.writer.write_cpu_s);
    json.member("write_s", r.writer.write_s).member("sync_s", r.writer.sync_s).end_object();
    json.key("queue").begin_object();
    json.member("capacity", r.writer.queue_capacity).member("max", r.writer.queue_max);
    json.member("mean", r.writer.queue_mean).end_object();
    json.key("checkpoints").begin_object();
    json.member("written", r.checkpoints).member("last_step", r.checkpoint_step);
    json.member("delay_s", r.checkpoint_delay_s).member("copy_s", r.checkpoint_copy_s);
    json.member("last_s", r.checkpoint_s).end_object();
    json.member("buffers_allocated", r.writer.buffers_allocated);
    json.member("bytes_raw", r.writer.bytes_raw).member("bytes_stored", r.writer.bytes_stored);
    json.member("cells_per_s", r.cells_per_s).member("peak_rss_bytes", r.peak_rss_bytes);
    json.end_object();
    return json.take();
}

std::string summary(const Report& r) {
    const WriterFigures& w = r.writer;
    const bool resumed = r.launches > 1;
    std::string text = fmt::format(
        "{} steps{} of {} cells in {:.1f} s: {:.3g} G cell updates/s ({} rank(s) x {} thread(s), "
        "{})\n",
        r.launch_steps, r.launch_steps < r.steps ? fmt::format(" (of {} in all)", r.steps) : "",
        r.cells, r.wall_s, r.cells_per_s * 1e-9, r.ranks, r.compute_threads, r.isa);
    if (w.bytes_raw == 0) return text;
    text += fmt::format("{} frames{} {} raw", r.frames, resumed ? " in all; of this launch" : ",",
                        core::format_size(w.bytes_raw));
    text +=
        w.bytes_stored == 0 // a collective file that was not closed: nobody knows
            ? "\n"
            : fmt::format(", {} stored (ratio {:.2f})\n", core::format_size(w.bytes_stored),
                          static_cast<double>(w.bytes_raw) / static_cast<double>(w.bytes_stored));
    const char* bound =
        w.stall_s > 0.1 * r.wall_s ? "the storage holds up the simulation" : "the storage keeps up";
    text += fmt::format(
        "{}: waited {:.1f} s for the writer, {:.1f} of {} queue places taken on average\n", bound,
        w.stall_s, w.queue_mean, w.queue_capacity);
    return text;
}

} // namespace morphogen::run
