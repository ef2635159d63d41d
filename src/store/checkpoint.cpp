#include "morphogen/store/checkpoint.hpp"

#include "morphogen/core/contract.hpp"

#include "store/checkpoint_names.hpp"
#include "store/checkpoint_piece.hpp"
#include "store/checkpoint_state.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using checkpoint::fail;
using checkpoint::Status;
using core::Box;
using core::Durability;
using core::Index;

void make_one_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST)
        fail("cannot create directory", path.native(), core::errno_text(errno),
             "the run's directory must exist and you must be allowed to write to it");
}

void expect_piece(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        fail("checkpoint is not complete", path.native(), core::errno_text(errno),
             "the directory must be the same file system for all ranks");
}

} // namespace

void write_checkpoint_piece(const RunDirectory& directory, const CheckpointHeader& header, int rank,
                            const Box& block, std::span<const std::byte> u,
                            std::span<const std::byte> v, Durability durability) {
    const fs::path unfinished =
        checkpoint::directory_of(directory, header.step, Status::unfinished);
    make_one_directory(directory.checkpoints());
    make_one_directory(unfinished);
    checkpoint::write_piece(unfinished / checkpoint::piece_name(rank), header, rank, block, {u, v},
                            durability);
}

void commit_checkpoint(const RunDirectory& directory, const CheckpointHeader& header,
                       std::span<const Box> blocks, Durability durability) {
    MORPHOGEN_EXPECT(static_cast<Index>(blocks.size()) == header.ranks);
    const auto named = [&](Status status) {
        return checkpoint::directory_of(directory, header.step, status);
    };
    const fs::path unfinished = named(Status::unfinished);
    for (int rank = 0; rank < header.ranks; ++rank)
        expect_piece(unfinished / checkpoint::piece_name(rank));
    checkpoint::remove_strangers(unfinished, header.ranks);
    core::replace_file(unfinished / "state.h5", checkpoint::state_image(header, blocks),
                       durability);
    if (durability == Durability::synced) core::sync_directory(unfinished);
    if (fs::exists(named(Status::counts))) {
        checkpoint::remove_directory(named(Status::replaced));
        checkpoint::rename_path(named(Status::counts), named(Status::replaced));
    }
    checkpoint::rename_path(unfinished, named(Status::counts));
    if (durability == Durability::synced) {
        core::sync_directory(directory.checkpoints());
        core::sync_directory(directory.root); // checkpoints/ may be new
    }
    checkpoint::mark_latest(directory);
    checkpoint::remove_directory(named(Status::replaced));
}

void rotate_checkpoints(const RunDirectory& directory, Index keep, Index segment_start,
                        Index newest) {
    const auto entries = list_checkpoints(directory);
    Index good = 0;
    bool reaches_back = segment_start <= 0;
    for (const CheckpointEntry& entry : entries) {
        if (entry.step > newest) continue;
        bool wanted = good < std::max<Index>(keep, 1);
        try {
            const bool enough = read_checkpoint_header(entry).frames <= segment_start;
            if (!reaches_back && enough) wanted = reaches_back = true;
            ++good;
        } catch (const core::Error&) { // damaged: not one of those to keep
        }
        if (!wanted) remove_checkpoint(directory, entry);
    }
    for (const auto& named : checkpoint::named_directories(directory)) {
        const bool other_ranks_write_it = entries.empty() || named.step > entries.front().step;
        if (named.status == Status::unfinished && !other_ranks_write_it)
            checkpoint::remove_directory(named.path);
    }
}

void remove_unfinished_checkpoints(const RunDirectory& directory) {
    for (const auto& named : checkpoint::named_directories(directory))
        if (named.status == Status::unfinished) checkpoint::remove_directory(named.path);
}

CheckpointHeader read_checkpoint_header(const CheckpointEntry& entry) {
    return checkpoint::read_state(entry).header;
}

void read_checkpoint(const CheckpointEntry& entry, const Box& box, std::span<std::byte> u,
                     std::span<std::byte> v) {
    const checkpoint::State state = checkpoint::read_state(entry);
    const std::size_t bytes =
        static_cast<std::size_t>(checkpoint::volume(box)) * core::bytes_of(state.header.precision);
    if (intersect(box, {{0, 0, 0}, state.header.global}) != box)
        fail("cells outside the checkpoint", entry.state().native(), "its grid is smaller");
    if ((!u.empty() && u.size() != bytes) || (!v.empty() && v.size() != bytes))
        fail("checkpoint of another precision", entry.state().native(),
             std::string("it is ") + std::string(core::name_of(state.header.precision)));
    for (std::size_t rank = 0; rank < state.blocks.size(); ++rank) {
        if (intersect(state.blocks[rank], box).empty()) continue;
        const int number = static_cast<int>(rank);
        const checkpoint::Piece piece(entry.directory / checkpoint::piece_name(number),
                                      state.header, number, state.blocks[rank]);
        if (!u.empty()) piece.read(core::Field::u, box, u);
        if (!v.empty()) piece.read(core::Field::v, box, v);
    }
}

std::vector<std::string> check_checkpoint(const CheckpointEntry& entry, int share, int shares) {
    std::vector<std::string> problems;
    checkpoint::State state;
    try {
        state = checkpoint::read_state(entry);
    } catch (const core::Error& error) {
        return {error.what()};
    }
    for (int rank = share; rank < state.header.ranks; rank += shares)
        try {
            checkpoint::Piece(entry.directory / checkpoint::piece_name(rank), state.header, rank,
                              state.blocks[static_cast<std::size_t>(rank)])
                .check(problems);
        } catch (const core::Error& error) {
            problems.emplace_back(error.what());
        }
    return problems;
}

} // namespace morphogen::store
