// write_run DIR [--key value]...: a run's directory of sample frames through the sinks, alone or
// under mpirun. The tests of tests/interop and tests/fault read it.
#include "morphogen/core/error.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/environment.hpp"
#include "morphogen/mpi/process_grid.hpp"
#include "morphogen/store/repair.hpp"
#include "morphogen/store/run_directory.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "sample_frames.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace config = morphogen::config;
namespace mpi = morphogen::mpi;
using core::Index;

namespace {

using Options = std::map<std::string, std::string>;

std::vector<Index> numbers(const std::string& text) {
    std::vector<Index> values;
    std::stringstream in(text);
    for (std::string item; std::getline(in, item, ',');)
        values.push_back(std::stoll(item));
    return values;
}

config::Config make_config(const Options& o) {
    config::Config c;
    const auto shape = numbers(o.at("shape"));
    c.grid.dims = static_cast<int>(shape.size());
    c.grid.shape = {1, 1, 1};
    for (std::size_t i = 0; i < shape.size(); ++i)
        c.grid.shape[3 - shape.size() + i] = shape[i];
    c.grid.spacing = 0.5;
    c.grid.precision = o.at("precision") == "f64" ? core::Precision::f64 : core::Precision::f32;
    if (!o.at("chunk").empty()) c.output.chunk = numbers(o.at("chunk"));
    c.output.codec = morphogen::codec::parse_codec(o.at("codec"));
    c.output.layout = o.at("layout") == "shared" ? config::Layout::shared : config::Layout::parts;
    c.output.sync = o.at("sync") == "frame"   ? config::Sync::frame
                    : o.at("sync") == "never" ? config::Sync::never
                                              : config::Sync::close;
    c.output.frames_per_file = std::stoll(o.at("frames-per-file"));
    if (o.at("fields") == "uv") c.output.fields = {core::Field::u, core::Field::v};
    return c;
}

void pause(Index milliseconds) {
    if (milliseconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

/// Frames are agreed on every few frames only, so that ranks may run ahead of a lagging one.
void write_frames(store::FrameSink& sink, const store::FrameLayout& layout,
                  const mpi::Communicator& comm, Index kept, const Options& o) {
    // Two frames before: as if the checkpoint were older than the last commit.
    for (Index n = std::max<Index>(kept - 2, 0); n < kept; ++n)
        sink.check_stored(morphogen::test::sample_frame(layout, n));
    const Index frames = std::stoll(o.at("frames"));
    const Index agree_every = std::stoll(o.at("agree-every"));
    const Index secure_every = std::stoll(o.at("secure-every"));
    const bool lags = comm.rank() == std::stoi(o.at("lag-rank"));
    for (Index n = kept; n < frames; ++n) {
        morphogen::test::write_frame(sink, layout, morphogen::test::sample_frame(layout, n));
        if (lags) pause(std::stoll(o.at("lag-ms")));
        sink.commit();
        if (secure_every > 0 && (n + 1) % secure_every == 0) sink.secure();
        if ((n + 1) % agree_every == 0 || n + 1 == frames)
            sink.publish(comm.allreduce(sink.flushed(), mpi::Op::min));
        if (comm.is_root()) {
            std::printf("committed %lld\n", static_cast<long long>(sink.committed()));
            std::fflush(stdout);
        }
        pause(std::stoll(o.at("delay-ms")));
    }
}

int run(const store::RunDirectory& directory, const Options& o, const mpi::Communicator& comm) {
    const config::Config c = make_config(o);
    const auto grid = mpi::ProcessGrid::choose(c.grid.shape, c.grid.dims, comm.size());
    const auto layout = store::make_layout(c, grid.block(comm.rank()));
    store::Provenance provenance{.config_toml = "[grid]\nprecision = \"f32\"\n",
                                 .host = "sample",
                                 .ranks = comm.size(),
                                 .isa = "avx2",
                                 .time = "2026-01-01T00:00:00Z"};
    const bool resumes = o.at("resume") == "yes";
    std::optional<Index> kept;
    if (resumes) {
        mpi::run_collectively(comm, [&] {
            if (comm.is_root()) store::repair_run(directory, store::RepairMode::repair);
        });
        kept = store::take_inventory(directory).committed;
        comm.barrier();
    }
    if (!resumes && o.at("replace") == "yes" && comm.is_root()) directory.remove_run();
    comm.barrier();
    const auto sink = store::open_sink(c, directory, layout, provenance, comm.duplicate(), kept);
    try {
        write_frames(*sink, layout, comm, kept.value_or(0), o);
        if (o.at("end") == "abandon") {
            sink->abandon();
            return 0;
        }
        sink->close();
    } catch (...) {
        sink->abandon();
        throw;
    }
    std::vector<store::FrameRecord> records;
    for (Index n = 0; n < sink->committed(); ++n)
        records.push_back(morphogen::test::sample_record(n));
    if (comm.is_root()) store::write_xdmf(c, directory, layout, records);
    return 0;
}

Options parse(int argc, char** argv) {
    Options options{{"shape", "37,53"}, {"frames", "6"},          {"precision", "f32"},
                    {"chunk", ""},      {"codec", "deflate:1"},   {"layout", "parts"},
                    {"sync", "close"},  {"fields", "uv"},         {"delay-ms", "0"},
                    {"lag-rank", "-1"}, {"lag-ms", "0"},          {"agree-every", "1"},
                    {"resume", "no"},   {"frames-per-file", "0"}, {"secure-every", "0"},
                    {"end", "close"},   {"replace", "yes"}};
    for (int i = 2; i + 1 < argc; i += 2)
        options.at(std::string(argv[i]).substr(2)) = argv[i + 1];
    return options;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const store::RunDirectory directory{argv[1]};
    const Options options = parse(argc, argv);
    std::unique_ptr<mpi::Environment> environment;
    if (mpi::launched_by_mpi())
        environment = std::make_unique<mpi::Environment>(argc, argv, mpi::ThreadLevel::single);
    try {
        return run(directory, options,
                   environment ? mpi::Communicator::world() : mpi::Communicator());
    } catch (const core::Error& error) {
        std::fprintf(stderr, "write_run: %s\n", error.what());
        if (environment) mpi::Communicator::world().abort(1);
        return static_cast<int>(error.exit_code());
    }
}
