#include "morphogen/bench/bench.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/run/node_resources.hpp"

#include "bench/measurements.hpp"
#include "bench/provenance.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <vector>

namespace morphogen::bench {
namespace {

struct Entry {
    BenchmarkInfo info;
    Report (*measure)(const Context&);
};

constexpr std::array entries{
    Entry{{"limits", "what the machine can do: multiply-adds, caches, memory, disk"},
          measure_limits},
    Entry{{"kernel", "cell updates per second, by grid size, precision and stencil"},
          measure_kernel},
    Entry{{"halo", "exchange of halos; under mpirun between ranks, else of a periodic block", true},
          measure_halo},
    Entry{{"copy", "frames out of the simulation and chunks out of frames, against memcpy"},
          measure_copy},
    Entry{{"ring", "the ring between simulation and writer: throughput and round trip"},
          measure_ring},
    Entry{{"join", "fork-join: quicksort and empty joins, beside OpenMP tasks and oneTBB"},
          measure_join},
    Entry{{"codec", "encoding and decoding a developed field, one thread"}, measure_codec},
    Entry{{"decode", "a whole dataset into the caller's array, against decoding alone"},
          measure_decode},
    Entry{{"store", "frames into HDF5 against plain writes of the same bytes"}, measure_store},
    Entry{{"overlap", "a synchronous writer against the pipeline, on fast and slow disks"},
          measure_overlap},
    Entry{{"rechunk", "a file into other chunks, against its codecs alone"}, measure_rechunk},
    Entry{{"run", "a whole run with and without output, and what each stage costs alone"},
          measure_run},
};
constexpr auto infos = [] {
    std::array<BenchmarkInfo, entries.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = entries[i].info;
    return all;
}();

const Entry& entry_of(const std::string& name) {
    const auto* entry = std::find_if(entries.begin(), entries.end(),
                                     [&](const Entry& e) { return e.info.name == name; });
    if (entry != entries.end()) return *entry;
    std::string known;
    for (const Entry& e : entries)
        known.append(e.info.name).append(", ");
    throw core::UsageError(core::ErrorText{
        .what = "unknown measurement", .where = name, .why = "there are " + known + "all"});
}

/// Each once, in the order of their first mention.
std::vector<const Entry*> entries_of(std::span<const std::string> names, int ranks) {
    std::vector<const Entry*> chosen;
    const auto choose = [&](const Entry& entry) {
        if (std::ranges::find(chosen, &entry) == chosen.end()) chosen.push_back(&entry);
    };
    for (const std::string& name : names) {
        if (name == "all") {
            for (const Entry& entry : entries)
                if (ranks == 1 || entry.info.by_ranks) choose(entry);
            continue;
        }
        const Entry& entry = entry_of(name);
        if (ranks > 1 && !entry.info.by_ranks)
            throw core::UsageError(
                core::ErrorText{.what = "this measurement is of one process",
                                .where = name + ", " + std::to_string(ranks) + " ranks",
                                .advice = "start it without mpirun"});
        choose(entry);
    }
    return chosen;
}

Report measure(const Entry& entry, const Context& context, int repeats) {
    std::vector<Report> reports;
    for (int i = 0; i < std::max(repeats, 1); ++i)
        reports.push_back(entry.measure(context));
    return Report::combine(reports);
}

/// One object. Where a measurement fails those before it are printed, if there are any.
void print_json(std::span<const Entry* const> chosen, const Context& context, int repeats,
                std::ostream& out) {
    core::JsonWriter json;
    json.begin_object();
    write(json, provenance_of(context));
    const auto end = [&] {
        out << json.end_object().take();
        out.flush(); // a rank that fails may be ended without more ado
    };
    bool measured = false;
    try {
        for (const Entry* entry : chosen) {
            const Report report = measure(*entry, context, repeats);
            if (chosen.size() == 1)
                report.write_members(json);
            else
                report.write(json.key(entry->info.name));
            measured = true;
        }
    } catch (...) {
        if (measured) end();
        throw;
    }
    end();
}

} // namespace

std::span<const BenchmarkInfo> benchmarks() noexcept {
    return infos;
}

void run_benchmarks(std::span<const std::string> names, const BenchOptions& options,
                    std::ostream& out) {
    const mpi::Communicator alone;
    const mpi::Communicator& ranks = options.ranks != nullptr ? *options.ranks : alone;
    const std::vector<const Entry*> chosen = entries_of(names, ranks.size());
    const int threads =
        options.threads > 0 ? options.threads : run::find_node_resources(ranks).share;
    const Context context{.threads = threads,
                          .directory = options.directory,
                          .seconds = options.seconds,
                          .ranks = ranks};
    if (!ranks.is_root()) {
        for (const Entry* entry : chosen)
            measure(*entry, context, options.repeats);
    } else if (options.json) {
        print_json(chosen, context, options.repeats, out);
    } else {
        print(out, provenance_of(context), context.brief());
        for (const Entry* entry : chosen) {
            measure(*entry, context, options.repeats).print(out);
            out.flush();
        }
    }
}

} // namespace morphogen::bench
