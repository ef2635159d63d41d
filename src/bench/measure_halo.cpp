#include "morphogen/bench/limits.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/mpi/request.hpp"
#include "morphogen/simulation/simulation.hpp"

#include "bench/measurements.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace morphogen::bench {
namespace {

using core::Extents;
using core::Index;

/// What messages between two ranks cost, whatever is in them.
struct MessageLimit {
    double latency = 0.0;          // seconds of the smallest message
    double bytes_per_second = 0.0; // of large ones
};

/// A message of some bytes there and back between ranks 0 and 1; other ranks have no part in it.
class PingPong {
public:
    PingPong(const mpi::Communicator& ranks, std::size_t bytes)
        : root_(ranks.is_root()), out_(bytes), in_(bytes) {
        std::fill_n(out_.data(), bytes, std::byte{1});
        if (ranks.rank() > 1) return;
        receive_.add_receive(ranks, in_.span(), 1 - ranks.rank(), 0);
        send_.add_send(ranks, out_.span(), 1 - ranks.rank(), 0);
    }

    /// Seconds of one way; 0 on ranks that have no part.
    double seconds(Index trips) {
        if (send_.empty()) return 0.0;
        const core::Stopwatch watch;
        for (Index i = 0; i < trips; ++i) {
            receive_.start_all();
            if (root_) send();
            receive_.wait_all();
            if (!root_) send();
        }
        return watch.seconds() / static_cast<double>(2 * trips);
    }

private:
    void send() {
        send_.start_all();
        send_.wait_all();
    }

    bool root_;
    core::AlignedBuffer<std::byte> out_;
    core::AlignedBuffer<std::byte> in_;
    mpi::RequestSet send_;
    mpi::RequestSet receive_;
};

/// Seconds of a message of @p bytes between ranks 0 and 1, the same number on every rank.
double message_seconds(const mpi::Communicator& ranks, std::size_t bytes, double seconds) {
    constexpr Index few = 16;
    PingPong messages(ranks, bytes);
    messages.seconds(few); // first messages set up connections
    const double each = ranks.allreduce(messages.seconds(few), mpi::Op::max);
    const auto trips = std::clamp<Index>(static_cast<Index>(seconds / 8 / each), few, 100'000);
    double least = messages.seconds(trips);
    for (int i = 0; i < 3; ++i)
        least = std::min(least, messages.seconds(trips));
    return ranks.allreduce(least, mpi::Op::max);
}

MessageLimit message_limit(const mpi::Communicator& ranks, bool brief, double seconds) {
    const std::size_t large = std::size_t{brief ? 64U : 1024U} << 10U;
    MessageLimit limit;
    limit.latency = message_seconds(ranks, 8, seconds);
    limit.bytes_per_second = static_cast<double>(large) / message_seconds(ranks, large, seconds);
    return limit;
}

struct HaloCase {
    Extents block; // of one rank
    core::Precision precision;
};

std::vector<HaloCase> halo_cases(bool brief) {
    using core::Precision;
    if (brief) // two planes: tools/scaling_model.py fits two numbers to them
        return {{{1, 48, 64}, Precision::f32},
                {{1, 96, 128}, Precision::f32},
                {{16, 16, 16}, Precision::f64}};
    return {{{1, 256, 256}, Precision::f32},   {{1, 1080, 1920}, Precision::f32},
            {{1, 4096, 4096}, Precision::f32}, {{1, 1080, 1920}, Precision::f64},
            {{128, 128, 128}, Precision::f32}, {{128, 128, 128}, Precision::f64}};
}

/// Ranks in a row along the slowest axis, periodic: every axis has halos, one of them from others.
config::Config halo_config(const HaloCase& c, int ranks) {
    config::Config config;
    const bool flat = c.block[0] == 1;
    config.grid.dims = flat ? 2 : 3;
    config.grid.shape = c.block;
    config.grid.shape[flat ? 1 : 0] *= ranks;
    config.grid.precision = c.precision;
    config.physics.boundary = kernel::Boundary::periodic;
    if (!flat) config.physics.stencil = kernel::Stencil::seven_point;
    config.mpi.ranks = flat ? std::vector<Index>{ranks, 1} : std::vector<Index>{ranks, 1, 1};
    return config;
}

/// Bytes of u and v that one rank gets per exchange.
struct HaloBytes {
    std::size_t messages = 0; // from other ranks
    std::size_t copies = 0;   // from its own block's other side
};

HaloBytes halo_bytes(const HaloCase& c, Index depth, int ranks) {
    const bool flat = c.block[0] == 1;
    Extents grown = c.block;
    Extents beside = c.block; // grown along the axes that are not cut
    const std::size_t cut = flat ? 1 : 0;
    for (std::size_t a = cut; a < 3; ++a) {
        grown[a] += 2 * depth;
        if (a != cut || ranks == 1) beside[a] += 2 * depth;
    }
    const auto bytes = [&](Index cells) {
        return 2 * static_cast<std::size_t>(cells) * core::bytes_of(c.precision);
    };
    return {bytes(core::volume(grown) - core::volume(beside)),
            bytes(core::volume(beside) - core::volume(c.block))};
}

void add_case(Report& report, const HaloCase& c, const Context& context,
              const MessageLimit& message, double memcpy_bytes_per_second) {
    const mpi::Communicator& ranks = context.ranks;
    const config::Config config = halo_config(c, ranks.size());
    simulation::Simulation simulation(config, ranks, {.threads = context.threads});
    const Index depth = simulation.depth();
    simulation.advance(2 * depth); // first touches, first messages
    std::vector<double> exchange;
    std::vector<double> share;
    const core::Stopwatch all;
    bool more = true;
    while (more) {
        constexpr Index exchanges = 4;
        const double halo = simulation.halo_seconds();
        const core::Stopwatch watch;
        simulation.advance(exchanges * depth);
        const double mine = simulation.halo_seconds() - halo;
        exchange.push_back(ranks.allreduce(mine, mpi::Op::max) / exchanges);
        share.push_back(100.0 * ranks.allreduce(mine / watch.seconds(), mpi::Op::max));
        more = ranks.any_of(exchange.size() < 3 || all.seconds() < context.seconds);
    }
    const HaloBytes bytes = halo_bytes(c, depth, ranks.size());
    const double taken = median(exchange);
    double limit = static_cast<double>(bytes.copies) / memcpy_bytes_per_second;
    if (bytes.messages > 0)
        limit += message.latency + static_cast<double>(bytes.messages) / message.bytes_per_second;
    const Extents n = c.block;
    const std::string shape = n[0] == 1 ? fmt::format("{} x {}", n[1], n[2])
                                        : fmt::format("{} x {} x {}", n[0], n[1], n[2]);
    report.add_row({shape, std::string(core::name_of(c.precision)), std::int64_t{depth},
                    static_cast<double>(bytes.messages) / 1024,
                    static_cast<double>(bytes.copies) / 1024, 1e6 * taken, 100.0 * limit / taken,
                    median(share)});
}

} // namespace

Report measure_halo(const Context& context) {
    const int ranks = context.ranks.size();
    Report report("halo",
                  fmt::format("halos of u and v, periodic, {} rank(s) in a row, {} thread(s) each",
                              ranks, context.threads),
                  {{"block", "block of a rank"},
                   {"precision", "type"},
                   {"depth", "steps per exchange", 0, Meaning::detail},
                   {"message_kib", "KiB received", 1, Meaning::detail},
                   {"copied_kib", "KiB copied", 1, Meaning::detail},
                   {"exchange_us", "us per exchange", 1, Meaning::less_is_better},
                   {"percent_of_limit", "% of limit", 1, Meaning::detail},
                   {"percent_of_step", "% of the run", 2, Meaning::less_is_better}});
    const double memcpy_rate_here = memcpy_rate(small_array, context.seconds / 2);
    report.add_fact("memcpy_gb_per_s", "memcpy in cache, one thread", memcpy_rate_here / 1e9,
                    "GB/s");
    MessageLimit message;
    if (ranks > 1) {
        message = message_limit(context.ranks, context.brief(), context.seconds);
        report.add_fact("message_latency_us", "message of 8 bytes between ranks 0 and 1",
                        1e6 * message.latency, "us");
        report.add_fact("message_gb_per_s", "large messages between ranks 0 and 1",
                        message.bytes_per_second / 1e9, "GB/s");
    } else {
        report.add_note("one rank: halos are copies of the block's other side. For messages: "
                        "mpirun -n 2 morphogen bench halo");
    }
    for (const HaloCase& c : halo_cases(context.brief()))
        add_case(report, c, context, message, memcpy_rate_here);
    report.add_note("limit: one message of the same bytes, and a memcpy of what is copied; columns "
                    "are packed cell by cell");
    return report;
}

} // namespace morphogen::bench
