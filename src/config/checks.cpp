#include "config/checks.hpp"

#include "config/reader.hpp"
#include "config/rules.hpp"
#include "config/show.hpp"

#include <cmath>

namespace morphogen::config {
namespace {

constexpr Index largest_chunk =
    (Index{1} << 32) - 1; // bytes: HDF5 stores a chunk's size in 32 bits
constexpr Index most_ranks = std::numeric_limits<std::int32_t>::max(); // MPI counts in int

void check_stencil(Reader& reader) {
    Config& config = reader.config();
    kernel::Physics& physics = config.physics;
    if (!reader.ok({"grid.shape", "model.stencil"})) return;
    if (!reader.is_set("model.stencil") && config.grid.dims == 3)
        physics.stencil = kernel::Stencil::seven_point;
    const kernel::StencilInfo& info = kernel::info(physics.stencil);
    if (info.dims == config.grid.dims) return;
    std::vector<std::string> fitting;
    for (const kernel::StencilInfo& other : kernel::stencils)
        if (other.dims == config.grid.dims) fitting.emplace_back(other.name);
    reader.error(
        reader.where({"model.stencil"}),
        fmt::format("'model.stencil' = {} is for {} dimensions, but 'grid.shape' has {}; write {}",
                    in_quotes(info.name), info.dims, config.grid.dims, alternatives(fitting)));
}

/// @p x rounded down to four digits, so that the advice is itself stable.
double rounded_down(double x) {
    if (!(x > 0.0)) return 0.0;
    const double scale = std::pow(10.0, 3.0 - std::floor(std::log10(x)));
    return std::floor(x * scale) / scale;
}

void check_stability(Reader& reader) {
    if (!reader.ok({"grid.shape", "grid.spacing", "model.feed", "model.kill", "model.diffusion_u",
                    "model.diffusion_v", "model.dt", "model.stencil"}))
        return;
    const kernel::Physics& p = reader.config().physics;
    const double number = kernel::stability_number(p);
    if (number <= 2.0) return;
    reader.error(reader.where({"model.dt", "model.diffusion_u", "model.diffusion_v", "grid.spacing",
                               "model.stencil", "model.feed", "model.kill", "grid.shape"}),
                 fmt::format("'model.dt' = {} is unstable with stencil {}: dt * (max(Du, Dv) * rho "
                             "/ h^2 + F + k) = {:.4g} must "
                             "be at most 2; make 'model.dt' at most {:.6g}, the diffusion smaller "
                             "or 'grid.spacing' larger",
                             show(p.dt), in_quotes(kernel::info(p.stencil).name), number,
                             rounded_down(2.0 * p.dt / number)));
}

void check_steps(Reader& reader) {
    if (!reader.ok({"time.frames", "time.steps_per_frame"})) return;
    const Time& time = reader.config().time;
    if (time.frames <= largest_count / time.steps_per_frame) return;
    reader.error(reader.where({"time.steps_per_frame", "time.frames"}),
                 fmt::format("'time.frames' * 'time.steps_per_frame' = {} * {} is more than 2^53 "
                             "steps; make one smaller",
                             time.frames, time.steps_per_frame));
}

void check_chunk(Reader& reader) {
    Config& config = reader.config();
    if (!config.output.chunk || !reader.ok({"grid.shape", "grid.precision", "output.chunk"}))
        return;
    Index bytes = static_cast<Index>(core::bytes_of(config.grid.precision));
    bool too_large = false;
    for (int a = 0; a < config.grid.dims; ++a) {
        Index& cells = (*config.output.chunk)[static_cast<std::size_t>(a)];
        cells =
            std::min(cells, config.grid.shape[static_cast<std::size_t>(3 - config.grid.dims + a)]);
        too_large = too_large || bytes > largest_chunk / cells;
        if (!too_large) bytes *= cells;
    }
    if (too_large)
        reader.error(reader.where({"output.chunk"}),
                     fmt::format("'output.chunk' = {} is 4 GiB or more, HDF5 holds less in a "
                                 "chunk; write \"auto\" or a "
                                 "smaller chunk",
                                 show_list(*config.output.chunk)));
}

void check_lossy(Reader& reader) {
    const Config& config = reader.config();
    const Output& out = config.output;
    if (reader.ok({"output.keep_bits", "grid.precision"}) &&
        config.grid.precision == Precision::f32 && out.keep_bits > 23)
        reader.error(reader.where({"output.keep_bits"}),
                     fmt::format("'output.keep_bits' must be an integer from 0 to 23 with "
                                 "'grid.precision' = \"f32\", got "
                                 "{}; write 0 to keep every bit",
                                 out.keep_bits));
    if (reader.ok({"output.keep_bits", "output.max_error"}) && out.keep_bits > 0 &&
        out.max_error > 0.0)
        reader.error(reader.where({"output.max_error"}),
                     "'output.keep_bits' and 'output.max_error' are both set: a bound is relative "
                     "or absolute; set one of "
                     "them to 0");
}

void check_layout(Reader& reader) {
    const Output& out = reader.config().output;
    const bool library_filters = out.codec.compressor == codec::Compressor::none ||
                                 out.codec.compressor == codec::Compressor::deflate;
    if (!reader.ok({"output.layout", "output.codec"}) || out.layout != Layout::shared ||
        library_filters)
        return;
    reader.error(reader.where({"output.layout"}),
                 fmt::format("'output.layout' = \"shared\" compresses with HDF5's own filters, "
                             "which have no {}; set "
                             "'output.codec' to \"none\" or \"deflate:1\" to \"deflate:9\", or "
                             "'output.layout' to \"parts\"",
                             in_quotes(codec::to_string(out.codec))));
}

void check_ranks(Reader& reader) {
    const Config& config = reader.config();
    if (!config.mpi.ranks || !reader.ok({"grid.shape", "mpi.ranks"})) return;
    const std::vector<Index>& ranks = *config.mpi.ranks;
    const std::vector<Index> cells = from_zyx(config.grid.shape, config.grid.dims);
    Index in_all = 1;
    for (std::size_t a = 0; a < ranks.size(); ++a) {
        in_all = std::min(in_all * ranks[a], most_ranks + 1); // both factors are below 2^31
        if (ranks[a] <= cells[a]) continue;
        reader.error(
            reader.where({"mpi.ranks"}),
            fmt::format(
                "'mpi.ranks' = {} wants {} ranks along {}, where the grid has {} cells; make it "
                "smaller or write \"auto\"",
                show_list(ranks), ranks[a], "zyx"[a + 3 - ranks.size()], cells[a]));
        return;
    }
    if (in_all > most_ranks)
        reader.error(
            reader.where({"mpi.ranks"}),
            fmt::format("'mpi.ranks' = {} wants more ranks than MPI can count; write \"auto\"",
                        show_list(ranks)));
}

void check_margin(Reader& reader) {
    const Limits& limits = reader.config().limits;
    const auto* walltime = std::get_if<WalltimeSeconds>(&limits.walltime);
    if (!walltime || !reader.ok({"limits.walltime", "limits.margin"}) ||
        limits.margin_seconds < walltime->seconds)
        return;
    reader.error(reader.where({"limits.walltime"}),
                 fmt::format("'limits.walltime' leaves no time to run: it is {:g} s and "
                             "'limits.margin' is {:g} s; make the "
                             "margin smaller",
                             walltime->seconds, limits.margin_seconds));
}

} // namespace

void resolve_and_check(Reader& reader) {
    reader.config().physics.spacing = reader.config().grid.spacing;
    check_stencil(reader);
    check_stability(reader);
    check_steps(reader);
    check_chunk(reader);
    check_lossy(reader);
    check_layout(reader);
    check_ranks(reader);
    check_margin(reader);
}

} // namespace morphogen::config
