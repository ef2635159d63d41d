#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/suggest.hpp"

#include "config/key.hpp"

namespace morphogen::config {

/// The keys of every table, in the order in which they are read and printed. One place for each
/// key.
const std::vector<Key<Grid>>& grid_keys();
const std::vector<Key<kernel::Physics>>& model_keys();
const std::vector<Key<Initial>>& initial_keys();
const std::vector<Key<Time>>& time_keys();
const std::vector<Key<Output>>& output_keys();
const std::vector<Key<Threads>>& threads_keys();
const std::vector<Key<Mpi>>& mpi_keys();
const std::vector<Key<Checkpoint>>& checkpoint_keys();
const std::vector<Key<Limits>>& limits_keys();

/// Calls visit(name, comment, member of Config, keys) for each table. The grid comes first: others
/// need its rank.
template <typename Visit>
void for_each_table(Visit&& visit) {
    visit("grid", "", &Config::grid, grid_keys());
    visit("model", "Gray-Scott", &Config::physics, model_keys());
    visit("initial",
          "background, then files, boxes, disks, scatter, each clipped to the grid; none of them "
          "given: a patch of v in the middle",
          &Config::initial, initial_keys());
    visit("time", "", &Config::time, time_keys());
    visit("output", "", &Config::output, output_keys());
    visit("threads", "", &Config::threads, threads_keys());
    visit("mpi", "", &Config::mpi, mpi_keys());
    visit("checkpoint", "", &Config::checkpoint, checkpoint_keys());
    visit("limits", "", &Config::limits, limits_keys());
}

/// Every name there is, tables and keys, dotted.
const std::vector<core::Candidate>& all_names();

} // namespace morphogen::config
