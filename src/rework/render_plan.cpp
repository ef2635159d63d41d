#include "rework/render_plan.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/rework/png.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace morphogen::rework {
namespace {

using core::Index;

/// What zlib (deflateInit: 268 KB) and libpng's rows take while a picture is compressed.
constexpr std::uint64_t encoder_bytes = 512 * 1024;
/// Frames per thread in a batch: at its end threads wait for the last picture.
constexpr Index frames_per_thread = 8;

std::uint64_t unsigned_of(Index n) {
    return static_cast<std::uint64_t>(n);
}

Index chosen_slice(Index planes, std::optional<Index> wanted) {
    const Index asked = wanted.value_or(planes / 2);
    const Index slice = asked < 0 ? asked + planes : asked;
    if (slice < 0 || slice >= planes)
        throw core::UsageError(core::ErrorText{
            .what = "there is no such slice",
            .where = fmt::format("z={}", asked),
            .why = planes == 1
                       ? "the frames have a single plane"
                       : fmt::format("the frames have {} planes, 0 to {}", planes, planes - 1)});
    return slice;
}

std::uint64_t held(const RenderPlan& plan, const FrameSource& source, Index down) {
    const std::uint64_t plane = unsigned_of(plan.plane_cells()) * sizeof(double);
    const Index small_cells =
        down == 1 ? 0 : ((plan.shape[1] + down - 1) / down) * ((plan.shape[2] + down - 1) / down);
    const std::uint64_t image = 3 * unsigned_of(plan.width) * unsigned_of(plan.height);
    const std::uint64_t png = plan.png_size > 0 ? plan.png_size + encoder_bytes : 0;
    return source.reading_bytes(plan.readers) + unsigned_of(plan.batch) * plane +
           unsigned_of(plan.pictures) * (unsigned_of(small_cells) * sizeof(double) + image + png);
}

[[noreturn]] void refuse_memory(const RenderPlan& least, std::uint64_t memory) {
    constexpr std::uint64_t mib = std::uint64_t{1} << 20;
    throw core::UsageError(core::ErrorText{
        .what = "too little memory to render",
        .where = fmt::format("--memory {}", core::format_size(memory)),
        .why = fmt::format("a picture of {} x {} pixels takes {}", least.width, least.height,
                           core::format_size(least.bytes)),
        .advice = fmt::format("give --memory {}MiB or more", (least.bytes + mib - 1) / mib)});
}

/// The largest of what is worth having that fits.
void fit(RenderPlan& plan, const FrameSource& source, const RenderOptions& options,
         const RenderTask& task) {
    const auto fits = [&] {
        plan.bytes = held(plan, source, options.scale.down);
        return plan.bytes <= task.memory;
    };
    const Index threads = task.threads;
    const Index window = std::max<Index>(source.frames_at_once(), 1);
    const Index worth = (frames_per_thread * threads + window - 1) / window * window;
    plan.readers = task.threads;
    plan.pictures = std::min(threads + 2, task.frames);
    // Read once, or at least each chunk once for a pass.
    plan.batch = task.frames;
    if (task.reads_twice && fits()) return;
    plan.batch = std::min(worth, task.frames);
    while (!fits() && plan.batch > threads)
        plan.batch = std::max(plan.batch / 2, threads);
    for (Index n = std::min(threads, plan.batch); !fits() && n > 0; --n) {
        plan.batch = plan.pictures = n;
        plan.readers = static_cast<int>(n);
    }
    if (!fits()) refuse_memory(plan, task.memory);
}

} // namespace

RenderPlan plan_render(const FrameSource& source, const RenderOptions& options,
                       const RenderTask& task) {
    RenderPlan plan;
    plan.shape = source.shape();
    if (core::volume(plan.shape) == 0)
        throw core::UsageError(
            core::ErrorText{.what = "nothing to render", .why = "the frames have no cells"});
    const Index planes = plan.shape[0];
    if (options.flatten == Flatten::slice) {
        plan.first = chosen_slice(planes, options.slice);
        plan.last = plan.first + 1;
    } else {
        plan.last = planes;
    }
    const Sides sides = task.kind == OutputKind::movie ? Sides::even : Sides::any;
    const auto side = [&](Index cells) {
        const Index down = options.scale.down;
        return side_length((cells + down - 1) / down, options.scale.up, sides);
    };
    plan.height = side(plan.shape[1]);
    plan.width = side(plan.shape[2]);
    if (task.kind != OutputKind::movie) plan.png_size = largest_png(plan.width, plan.height);

    fit(plan, source, options, task);
    return plan;
}

} // namespace morphogen::rework
