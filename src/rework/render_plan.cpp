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
/// Slabs at least this large are read whole cheaply; larger ones help no further.
constexpr std::uint64_t slab_target = std::uint64_t{16} << 20;

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

std::uint64_t held(const RenderPlan& plan, const RenderOptions& options, std::uint64_t reading) {
    const std::uint64_t plane = unsigned_of(plan.plane_cells()) * sizeof(double);
    const Index down = options.scale.down;
    const std::uint64_t shrunk =
        down == 1 ? 0
                  : unsigned_of(side_length((plan.shape[1] + down - 1) / down, 1, Sides::any)) *
                        unsigned_of((plan.shape[2] + down - 1) / down) * sizeof(double);
    const std::uint64_t image = 3 * unsigned_of(plan.width) * unsigned_of(plan.height);
    const std::uint64_t png = plan.png_size > 0 ? plan.png_size + encoder_bytes : 0;
    const std::uint64_t flat = plan.slabs() > 1 ? plane : 0; // where slabs come together
    return reading + unsigned_of(plan.items) * unsigned_of(plan.slab) * plane +
           unsigned_of(plan.frames()) * (flat + shrunk + image + png);
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

} // namespace

RenderPlan plan_render(const FrameSource& source, const RenderOptions& options, OutputKind kind,
                       int threads, std::uint64_t memory) {
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
    const Sides sides = kind == OutputKind::movie ? Sides::even : Sides::any;
    const auto side = [&](Index cells) {
        const Index down = options.scale.down;
        return side_length((cells + down - 1) / down, options.scale.up, sides);
    };
    plan.height = side(plan.shape[1]);
    plan.width = side(plan.shape[2]);
    if (kind != OutputKind::movie) plan.png_size = largest_png(plan.width, plan.height);

    // Whole chunks, as many as make a slab worth its while; then what the memory allows: first
    // fewer slabs in flight, then thinner ones (whose chunks are decoded more than once).
    const Index thickness = plan.last - plan.first;
    const Index chunk = std::clamp<Index>(source.planes_at_once(), 1, thickness);
    const std::uint64_t chunk_bytes =
        unsigned_of(chunk) * unsigned_of(plan.plane_cells()) * sizeof(double);
    const auto wanted = static_cast<Index>(std::max<std::uint64_t>(slab_target / chunk_bytes, 1));
    const auto fits = [&] {
        plan.bytes = held(plan, options, source.reading_bytes());
        return plan.bytes <= memory;
    };
    plan.items = Index{threads} + 2;
    plan.slab = std::min(chunk * wanted, thickness);
    while (!fits() && plan.slab > chunk)
        plan.slab = std::max(plan.slab / chunk / 2 * chunk, chunk);
    while (!fits() && plan.items > 1)
        --plan.items;
    while (!fits() && plan.slab > 1)
        plan.slab /= 2;
    if (!fits()) refuse_memory(plan, memory);
    return plan;
}

} // namespace morphogen::rework
