#include "start.hpp"

#include "morphogen/config/difference.hpp"
#include "morphogen/config/load.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/repair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace morphogen::run {
namespace {

using core::Index;

/// As the run was started; the instruction set may be one that this machine lacks.
config::Config parse_stored(const std::string& toml, const std::string& name) {
    const std::vector<std::string> overrides{"threads.isa=\"auto\""};
    return config::parse(toml, name, overrides);
}

std::optional<std::string> contents(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

/// The configuration the run was started with: config.toml, or a checkpoint's copy of it.
config::Config stored_config(const ResumeRequest& request,
                             const std::vector<store::CheckpointEntry>& checkpoints) {
    const auto path = request.directory.config();
    std::string why = "the file is not there";
    if (const auto text = contents(path)) {
        try {
            return parse_stored(*text, path.native());
        } catch (const core::UsageError& error) {
            why = error.what();
        }
    }
    for (const store::CheckpointEntry& entry : checkpoints) {
        try {
            auto config = parse_stored(store::read_checkpoint_header(entry).config_toml,
                                       entry.directory.native());
            request.note(fmt::format("{} cannot be used ({}): the configuration is taken from {}",
                                     path.native(), why, entry.directory.native()));
            return config;
        } catch (const core::Error&) { // the next one may be whole
        }
    }
    throw core::UsageError(
        core::ErrorText{.what = "cannot resume: the run's configuration cannot be read",
                        .where = path.native(),
                        .why = why,
                        .advice = "restore config.toml, or start anew with --force"});
}

void check_same_content(const ResumeRequest& request,
                        const std::vector<store::CheckpointEntry>& checkpoints) {
    const auto differences =
        config::content_differences(stored_config(request, checkpoints), request.config);
    if (differences.empty()) return;
    std::string list;
    for (const config::Difference& d : differences)
        list += fmt::format("{}{} was {}, is {}", list.empty() ? "" : "; ", d.key,
                            d.before.empty() ? "not set" : d.before,
                            d.after.empty() ? "not set" : d.after);
    throw core::UsageError(core::ErrorText{
        .what = "cannot resume with another configuration",
        .where = request.directory.root.native(),
        .why = list,
        .advice = "resume with the same values; for others start a new run in another directory "
                  "(a frame or checkpoint can be its [[initial.file]])"});
}

/// What the last launch's report.json, written when it began, says of `launches`; 1 without one.
Index launches_reported(const std::filesystem::path& report) {
    constexpr std::string_view key = "\"launches\":";
    const std::string text = contents(report).value_or("");
    const auto at = text.find(key);
    if (at == std::string::npos) return 1;
    const auto digits = text.find_first_of("0123456789", at + key.size());
    Index launches = 1;
    if (digits != std::string::npos)
        std::from_chars(text.data() + digits, text.data() + text.size(), launches);
    return std::max(launches, Index{1});
}

/// A run that needs no step more is still not whole where its files are damaged. (One that does is
/// refused by the plan for its files.)
void check_finished_run(const ResumeRequest& request, const store::RepairReport& repaired) {
    if (repaired.problems.empty() || !request.config.output.enabled ||
        repaired.committed < request.config.total_frames())
        return;
    throw core::Error(core::ErrorText{.what = "all frames were stored, but files are damaged",
                                      .where = request.directory.root.native(),
                                      .why = repaired.problems.front(),
                                      .advice = "verify names all that is wrong"});
}

/// Frames of a run that come before a state, or are of it.
Index frames_until(const config::Config& config, Index step) {
    if (!config.output.enabled) return 0;
    return step / config.time.steps_per_frame + (config.time.initial_frame ? 1 : 0);
}

/// Before committed frames are given up: a run that has checkpoints, none of which is old enough to
/// go on after @p frames frames, does not begin at its beginning unasked.
void check_reach(const ResumeRequest& request,
                 const std::vector<store::CheckpointEntry>& checkpoints, Index frames,
                 const std::string& damaged) {
    for (const store::CheckpointEntry& entry : checkpoints)
        try {
            const auto header = store::read_checkpoint_header(entry);
            if (frames_until(request.config, header.step) <= frames &&
                store::check_checkpoint(entry).empty())
                return;
        } catch (const core::Error&) { // the next one may be whole
        }
    if (checkpoints.empty()) return;
    const std::string why = fmt::format("files of its last segment cannot be used ({}): only the "
                                        "first {} frames can be proven, and "
                                        "no checkpoint is so old",
                                        damaged, frames);
    const std::string advice =
        fmt::format("`morphogen repair {}` sets the damaged files aside; after that --resume "
                    "computes the run from its beginning, and compares the frames that are left",
                    request.directory.root.native());
    throw core::Error(core::ErrorText{.what = "the run cannot go on by itself",
                                      .where = request.directory.root.native(),
                                      .why = why,
                                      .advice = advice});
}

/// What only rank 0 looks at: repairs, compares configurations, lists checkpoints, newest first.
std::vector<store::CheckpointEntry> inspect(const ResumeRequest& request, Start& start) {
    start.fresh = !request.directory.holds_run();
    if (start.fresh) return {};
    if (!request.config.output.enabled && std::filesystem::exists(request.directory.frames()))
        throw core::UsageError(core::ErrorText{
            .what = "cannot resume without output a run that stores frames",
            .where = request.directory.root.native(),
            .why = "the frames between would be missing",
            .advice = "leave output.enabled = true, or choose another output.directory"});
    store::remove_unfinished_checkpoints(request.directory);
    auto checkpoints = store::list_checkpoints(request.directory);
    check_same_content(request, checkpoints);
    const store::RepairReport repaired =
        store::repair_run(request.directory, store::RepairMode::repair, request.note,
                          [&](Index frames, const std::string& damaged) {
                              check_reach(request, checkpoints, frames, damaged);
                          });
    for (const std::string& problem : repaired.problems)
        request.note(problem);
    start.stored = repaired.committed;
    check_finished_run(request, repaired);
    if (start.stored > 0) {
        // Its sources are not read: they may be more than a process may open.
        const store::FileReader frames(request.directory.frames(), store::Access::whichever_works,
                                       store::Sources::not_looked_at);
        start.records = frames.records();
    }
    start.launches_before = launches_reported(request.directory.report());
    return checkpoints;
}

/// Why a checkpoint is not the one to go on from; empty: it is.
std::string objection(const ResumeRequest& request, const store::CheckpointHeader& header,
                      Index stored) {
    const config::Config& config = request.config;
    const Index frames = frames_until(config, header.step);
    if (header.global != config.grid.shape || header.precision != config.grid.precision)
        return "it is of another grid";
    if (frames > stored)
        return fmt::format("{} frames belong before it, {} are stored", frames, stored);
    if (header.step > config.time.frames * config.time.steps_per_frame)
        return "it is past the last frame that is asked for";
    return {};
}

void check_kind(const ResumeRequest& request, const store::CheckpointHeader& header) {
    if (header.fma == request.fma || request.force) return;
    throw core::UsageError(core::ErrorText{
        .what = "the checkpoint was computed with another kind of instruction set",
        .where = header.isa,
        .why = fmt::format("it was {} FMA, this launch is {}: the last bits would differ",
                           header.fma ? "with" : "without", request.fma ? "with" : "without"),
        .advice = "set threads.isa, or go on all the same with --resume --force"});
}

void broadcast(const mpi::Communicator& comm, Index& value) {
    value = comm.allreduce(comm.is_root() ? value : 0, mpi::Op::sum);
}

/// All ranks check a checkpoint's content, each its share. @returns what is wrong, on every rank.
std::string damage(const mpi::Communicator& comm, const store::CheckpointEntry& entry) {
    std::string problems;
    mpi::run_collectively(comm, [&] {
        for (const std::string& problem : store::check_checkpoint(entry, comm.rank(), comm.size()))
            problems += (problems.empty() ? "" : "; ") + problem;
    });
    return comm.agree_on_error(problems.empty() ? std::nullopt : std::optional(problems))
        .value_or("");
}

/// The first of @p candidates (rank 0's list) that is whole.
void choose(const ResumeRequest& request, const std::vector<store::CheckpointEntry>& candidates,
            Start& start) {
    const mpi::Communicator& comm = request.comm;
    Index count = static_cast<Index>(candidates.size());
    broadcast(comm, count);
    for (Index i = 0; i < count; ++i) {
        store::CheckpointEntry entry;
        store::CheckpointHeader header;
        std::string path;
        std::string unfit;
        mpi::run_collectively(comm, [&] {
            if (!comm.is_root()) return;
            entry = candidates[static_cast<std::size_t>(i)];
            path = entry.directory.native();
            try {
                header = store::read_checkpoint_header(entry);
                unfit = objection(request, header, start.stored);
            } catch (const core::Error& error) {
                unfit = error.what();
            }
            if (unfit.empty()) check_kind(request, header);
        });
        comm.broadcast(path);
        comm.broadcast(unfit);
        Index step = header.step;
        Index other_kind = header.fma != request.fma ? 1 : 0;
        broadcast(comm, step);
        broadcast(comm, other_kind);
        entry = {path, step};
        const bool fits = unfit.empty();
        if (fits) unfit = damage(comm, entry);
        if (unfit.empty()) {
            start.checkpoint = entry;
            start.step = step;
            start.frames = frames_until(request.config, step);
            start.compares = other_kind == 0;
            return;
        }
        mpi::run_collectively(comm, [&] {
            if (!comm.is_root()) return;
            request.note(fmt::format("checkpoint {} is passed over{}: {}", path,
                                     fits ? " and removed" : "", unfit));
            // Else it would count among those to keep, and a good one would have to go.
            if (fits) store::remove_checkpoint(request.directory, entry);
        });
    }
}

} // namespace

Start find_start(const ResumeRequest& request) {
    Start start;
    std::vector<store::CheckpointEntry> candidates;
    mpi::run_collectively(request.comm, [&] {
        if (request.comm.is_root()) candidates = inspect(request, start);
    });
    Index fresh = start.fresh ? 1 : 0;
    broadcast(request.comm, fresh);
    broadcast(request.comm, start.stored);
    broadcast(request.comm, start.launches_before);
    start.fresh = fresh != 0;
    if (!start.fresh) choose(request, candidates, start);
    return start;
}

} // namespace morphogen::run
