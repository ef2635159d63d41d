#include "morphogen/codec/rounding.hpp"
#include "morphogen/codec/shuffle.hpp"
#include "morphogen/kernel/copy_out.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/parallel/team.hpp"

#include "bench/block_state.hpp"
#include "bench/frames.hpp"
#include "bench/measurements.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace morphogen::bench {
namespace {

using core::Index;

/// As many as the pipeline's default has: a frame is copied to where none of its bytes is cached.
constexpr std::size_t frame_buffers = 4;

template <typename T>
class Frames {
public:
    explicit Frames(std::size_t cells) {
        for (auto& buffer : buffers_) {
            buffer = core::AlignedBuffer<T>(cells);
            std::fill_n(buffer.data(), cells, T{1});
        }
    }
    T* next() { return buffers_[++at_ % frame_buffers].data(); }
    T* last() { return buffers_[at_ % frame_buffers].data(); }

private:
    std::array<core::AlignedBuffer<T>, frame_buffers> buffers_;
    std::size_t at_ = 0;
};

/// Seconds of copying @p bytes with a team, a slice for each thread.
double memcpy_seconds(parallel::Team& team, const void* from, void* to, std::size_t bytes) {
    const auto threads = static_cast<std::size_t>(team.size());
    const core::Stopwatch watch;
    team.run([&](int thread) {
        const auto t = static_cast<std::size_t>(thread);
        const std::size_t begin = bytes * t / threads;
        const std::size_t end = bytes * (t + 1) / threads;
        std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin,
                    end - begin);
    });
    keep(to);
    return watch.seconds();
}

template <typename F>
double seconds_of(F&& f) {
    const core::Stopwatch watch;
    f();
    return watch.seconds();
}

/// One row: @p work against a memcpy of @p bytes, in turn. @p work gives its seconds.
template <typename Work, typename Memcpy>
void add_row(Report& report, const std::string& what, const std::string& type, int threads,
             std::size_t bytes, double seconds, Work&& work, Memcpy&& plain) {
    work(), plain(); // first touches
    const Paired pair = compare(seconds, 5, work, plain);
    const auto size = static_cast<double>(bytes);
    report.add_row({what, type, std::int64_t{threads}, size / pair.first / 1e9,
                    size / pair.second / 1e9, 100.0 / pair.ratio});
}

template <typename T>
void add_precision(Report& report, const Context& context) {
    const std::string type = sizeof(T) == 4 ? "f32" : "f64";
    const Index height = context.brief() ? 108 : 1080;
    const Index width = context.brief() ? 192 : 1920;
    const kernel::Isa isa = kernel::best_isa();
    BlockState<T> state(kernel::Physics{}, {1, height, width}, isa, context.threads);
    state.sow(8, 48);
    state.advance(context.brief() ? 8 : 256);
    const std::size_t bytes = state.cells() * sizeof(T);
    Frames<T> frames(state.cells());

    std::vector<int> teams{1};
    if (context.threads > 1) teams.push_back(context.threads);
    for (const int threads : teams) {
        parallel::Team team(threads);
        add_row(
            report, "frame out of the simulation, summed and checked", type, threads, bytes,
            context.seconds,
            [&] {
                return seconds_of([&] {
                    keep(kernel::copy_out(state.now().v.as_const(), frames.next(), isa, threads));
                });
            },
            [&] { return memcpy_seconds(team, state.now().v.data, frames.next(), bytes); });
    }

    // What the compressing threads do with each chunk before the codec, one thread.
    config::Config config = make_config(height, width, codec::Codec{}, config::Sync::never);
    config.grid.precision = sizeof(T) == 4 ? core::Precision::f32 : core::Precision::f64;
    const store::FrameLayout layout = whole_layout(config);
    core::AlignedBuffer<T> raw(layout.chunk_bytes() / sizeof(T));
    core::AlignedBuffer<std::byte> shuffled(layout.chunk_bytes());
    const std::size_t all_chunks = layout.chunk_bytes() * static_cast<std::size_t>(layout.chunks());
    parallel::Team alone(1);
    const auto gather = [&](Index c, const std::byte* field) {
        store::gather_chunk(layout, c, field, reinterpret_cast<std::byte*>(raw.data()));
        keep(raw[0]);
    };
    const auto chunks = [&](const std::string& what, auto&& treat) {
        add_row(
            report, what, type, 1, all_chunks, context.seconds,
            [&] {
                const auto* const field = reinterpret_cast<const std::byte*>(frames.next());
                return seconds_of([&] {
                    for (Index c = 0; c < layout.chunks(); ++c)
                        treat(c, field);
                });
            },
            [&] {
                const T* const from = frames.last();
                return memcpy_seconds(alone, from, frames.next(), bytes);
            });
    };
    chunks("chunks gathered", gather);
    chunks("chunks gathered, 12 mantissa bits kept", [&](Index c, const std::byte* field) {
        gather(c, field);
        codec::round_mantissa(raw.span(), 12);
    });
    chunks("chunks gathered, rounded to an absolute error", [&](Index c, const std::byte* field) {
        gather(c, field);
        codec::round_absolute(raw.span(), 1e-5);
    });
    chunks("chunks gathered, then shuffled", [&](Index c, const std::byte* field) {
        gather(c, field);
        codec::shuffle_bytes(std::as_bytes(raw.span()), shuffled.span(), sizeof(T));
        keep(shuffled[0]);
    });
    chunks("chunks shuffled from where they lie", [&](Index c, const std::byte* field) {
        std::size_t first = 0;
        store::for_each_chunk_row(layout, c, field, [&](const store::ChunkRow& row) {
            codec::shuffle_part({row.cells, row.inside}, shuffled.span(), first, sizeof(T));
            first += row.inside / sizeof(T);
        });
        keep(shuffled[0]);
    });
}

} // namespace

Report measure_copy(const Context& context) {
    Report report("copy",
                  fmt::format("a frame of {}, against memcpy of as many bytes by as many threads",
                              context.brief() ? "108 x 192" : "1080 x 1920"),
                  {{"what", "what"},
                   {"precision", "type"},
                   {"threads", "threads"},
                   {"gb_per_s", "GB/s", 2},
                   {"memcpy_gb_per_s", "memcpy GB/s", 2, Meaning::detail},
                   {"percent_of_memcpy", "% of memcpy", 1}});
    add_precision<float>(report, context);
    add_precision<double>(report, context);
    return report;
}

} // namespace morphogen::bench
