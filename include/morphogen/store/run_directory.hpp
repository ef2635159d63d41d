#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"
#include "morphogen/store/provenance.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::store {

/// The names in a run's directory (SPEC section 4).
struct RunDirectory {
    std::filesystem::path root;

    std::filesystem::path frames() const { return root / "frames.h5"; }
    std::filesystem::path parts() const { return root / "parts"; }
    std::filesystem::path part(core::Index segment, int rank) const; // parts/SSSS.RRRR.h5
    std::filesystem::path checkpoints() const { return root / "checkpoints"; }
    std::filesystem::path config() const { return root / "config.toml"; }
    std::filesystem::path report() const { return root / "report.json"; }
    std::filesystem::path xdmf() const { return root / "frames.xdmf"; }

    /// The files in parts/ that are named like a run's. @throws core::Error
    std::vector<std::filesystem::path> existing_parts() const;
    /// Any file that this version's runs write is there. @throws core::Error
    bool holds_run() const;
    /// Removes what a run writes and nothing else: other files in parts/ and checkpoints/ stay.
    /// @throws core::Error
    void remove_run() const;
};

/// Opens what this rank writes to: frames.h5 itself (one rank), a part plus (rank 0) the virtual
/// frames.h5, or the shared file (collective over @p comm, which the writer thread then owns: a
/// duplicate of the ranks'). Collective over @p comm.
///
/// @param kept nothing: a fresh run, in a directory that holds none. Else the run in @p directory
/// goes on after its first @p kept committed frames (0 as well: also where nothing was stored yet);
/// it must have been repaired (repair_run) after a kill. With the same blocks, fields, chunks and
/// filters it goes on in the same files, otherwise in a new segment; nothing that was committed is
/// touched before its replacement is complete.
/// @throws core::Error on every rank if it fails on one.
std::unique_ptr<FrameSink> open_sink(const config::Config& config, const RunDirectory& directory,
                                     const FrameLayout& layout, const Provenance& provenance,
                                     mpi::Communicator comm,
                                     std::optional<core::Index> kept = std::nullopt);

/// What frames.xdmf says, for ParaView: one grid per committed frame, with its time.
std::string xdmf_of(const FrameLayout& layout, std::span<const FrameRecord> frames);
/// Writes it.
void write_xdmf(const config::Config& config, const RunDirectory& directory,
                const FrameLayout& layout, std::span<const FrameRecord> frames);

} // namespace morphogen::store
