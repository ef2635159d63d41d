#include "morphogen/bench/bench.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/parallel/affinity.hpp"

#include "bench/measurements.hpp"

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
    Entry{{"ring", "the ring between simulation and writer: throughput and round trip"},
          measure_ring},
    Entry{{"join", "fork-join: quicksort and empty joins, beside OpenMP tasks and oneTBB"},
          measure_join},
    Entry{{"codec", "encoding and decoding a developed field, one thread"}, measure_codec},
    Entry{{"store", "frames into HDF5 against plain writes of the same bytes"}, measure_store},
    Entry{{"overlap", "a synchronous writer against the pipeline, on fast and slow disks"},
          measure_overlap},
};
constexpr auto infos = [] {
    std::array<BenchmarkInfo, entries.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = entries[i].info;
    return all;
}();

std::vector<const Entry*> entries_of(std::span<const std::string> names) {
    std::vector<const Entry*> chosen;
    for (const std::string& name : names) {
        if (name == "all") {
            for (const Entry& entry : entries)
                chosen.push_back(&entry);
            continue;
        }
        const auto* entry = std::find_if(entries.begin(), entries.end(),
                                         [&](const Entry& e) { return e.info.name == name; });
        if (entry == entries.end()) {
            std::string known;
            for (const Entry& e : entries)
                known.append(e.info.name).append(", ");
            throw core::UsageError(core::ErrorText{
                .what = "unknown measurement", .where = name, .why = "there are " + known + "all"});
        }
        chosen.push_back(entry);
    }
    return chosen;
}

} // namespace

std::span<const BenchmarkInfo> benchmarks() noexcept {
    return infos;
}

void run_benchmarks(std::span<const std::string> names, const BenchOptions& options,
                    std::ostream& out) {
    const std::vector<const Entry*> chosen = entries_of(names);
    const Context context{.threads =
                              options.threads > 0 ? options.threads : parallel::usable_cores(),
                          .directory = options.directory,
                          .seconds = options.seconds};
    if (!options.json) {
        for (const Entry* entry : chosen) {
            entry->measure(context).print(out);
            out.flush();
        }
        return;
    }
    core::JsonWriter json;
    const bool several = chosen.size() != 1;
    if (several) json.begin_object();
    for (const Entry* entry : chosen) {
        if (several) json.key(entry->info.name);
        entry->measure(context).write(json);
    }
    if (several) json.end_object();
    out << json.take();
}

} // namespace morphogen::bench
