#include "morphogen/rework/box_reader.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/parallel/team.hpp"

#include <algorithm>
#include <tuple>

namespace morphogen::rework {

using core::Index;
using core::NdBox;

std::uint64_t BoxReader::list_memory(const store::DatasetReader& reader, const core::Dims& shape) {
    std::uint64_t blocks = 0;
    for (const store::DatasetPiece& piece : reader.pieces()) {
        std::uint64_t touched = 1;
        for (int a = 0; a < shape.rank(); ++a) {
            const Index chunk = piece.grid.chunk()[a];
            const Index most = std::min((shape[a] + chunk - 2) / chunk + 1, piece.grid.counts()[a]);
            touched *= static_cast<std::uint64_t>(std::max<Index>(most, 1));
        }
        blocks = std::max(blocks, touched);
    }
    // Vectors that grow hold up to twice what is in them, and the old half while they move. A box
    // across several pieces touches more blocks, at most twice as many along one axis.
    constexpr std::uint64_t growing = 3;
    constexpr std::uint64_t bytes =
        sizeof(Use) + sizeof(store::BlockId) + sizeof(std::size_t) + sizeof(BoxTarget);
    return growing * blocks * bytes * (reader.pieces().size() > 1 ? 2 : 1);
}

std::uint64_t BoxReader::kept_memory(const store::DatasetReader& reader) {
    std::uint64_t blocks = 0;
    for (const store::DatasetPiece& piece : reader.pieces())
        blocks += static_cast<std::uint64_t>(piece.grid.size());
    return reader.raw_bytes() + blocks + reader.pieces().size() * sizeof(std::size_t);
}

BoxReader::BoxReader(const store::DatasetReader& reader, int threads, std::uint64_t memory,
                     Keep keep)
    : reader_(reader), stream_(reader, threads, memory) {
    if (keep == Keep::nothing) return;
    for (const store::DatasetPiece& piece : reader.pieces()) {
        first_block_.push_back(missing_);
        missing_ += static_cast<std::size_t>(piece.grid.size());
    }
    present_.assign(missing_, 0);
    whole_ = core::AlignedBuffer<std::byte>(static_cast<std::size_t>(reader.raw_bytes()));
}

void BoxReader::list_uses(std::span<const BoxTarget> targets) {
    uses_.clear();
    blocks_.clear();
    first_use_.clear();
    for (std::size_t t = 0; t < targets.size(); ++t)
        for (const store::BlockId block : reader_.blocks_in(targets[t].box))
            uses_.push_back({block, t});
    const auto key = [](const Use& use) {
        return std::tuple(use.block.piece, use.block.number, use.target);
    };
    std::sort(uses_.begin(), uses_.end(),
              [&](const Use& a, const Use& b) { return key(a) < key(b); });
    for (std::size_t u = 0; u < uses_.size(); ++u) {
        const store::BlockId block = uses_[u].block;
        if (u > 0 && block.piece == blocks_.back().piece && block.number == blocks_.back().number)
            continue;
        blocks_.push_back(block);
        first_use_.push_back(u);
    }
    first_use_.push_back(uses_.size());
}

void BoxReader::copy(const BlockView& block, std::span<const BoxTarget> targets) const {
    const auto number = static_cast<std::size_t>(block.number);
    for (std::size_t u = first_use_[number]; u < first_use_[number + 1]; ++u) {
        const BoxTarget& target = targets[uses_[u].target];
        core::copy_box(intersect(block.box, target.box), block.raw().data(), block.raw_box,
                       target.out, target.box, reader_.element_size());
    }
}

void BoxReader::read(std::span<const BoxTarget> targets) {
    list_uses(targets);
    const auto place = [&](const BlockView& block, int) { copy(block, targets); };
    stream_.for_each(blocks_, {place});
}

void BoxReader::read(std::span<const BoxTarget> targets, std::span<std::exception_ptr> errors,
                     const std::function<void()>& after_each) {
    MORPHOGEN_EXPECT(errors.size() == targets.size());
    std::fill(errors.begin(), errors.end(), nullptr);
    if (!whole_.empty()) return read_kept(targets, errors, after_each);
    list_uses(targets);
    const auto place = [&](const BlockView& block, int) { copy(block, targets); };
    const auto failed = [&](Index block, const std::exception_ptr& error) {
        const auto number = static_cast<std::size_t>(block);
        for (std::size_t u = first_use_[number]; u < first_use_[number + 1]; ++u)
            if (!errors[uses_[u].target]) errors[uses_[u].target] = error;
        if (after_each) after_each();
    };
    const auto done = [&](Index) {
        if (after_each) after_each();
    };
    stream_.for_each(blocks_, {place, done, failed});
}

/// What is not there is decoded to its place in the whole; then all boxes are copied out of that.
void BoxReader::read_kept(std::span<const BoxTarget> targets, std::span<std::exception_ptr> errors,
                          const std::function<void()>& after_each) {
    const NdBox all = NdBox::whole(reader_.shape());
    const std::size_t element = reader_.element_size();
    if (missing_ > 0) {
        list_uses(targets);
        std::vector<std::size_t> wanted; // numbers in blocks_
        std::vector<store::BlockId> blocks;
        for (std::size_t b = 0; b < blocks_.size(); ++b)
            if (present_[place_of(blocks_[b])] == 0) {
                wanted.push_back(b);
                blocks.push_back(blocks_[b]);
            }
        const auto place = [&](const BlockView& block, int) {
            block.copy_to(block.box, whole_.data(), all);
        };
        const auto done = [&](Index number) {
            present_[place_of(blocks[static_cast<std::size_t>(number)])] = 1;
            --missing_;
            if (after_each) after_each();
        };
        const auto failed = [&](Index number, const std::exception_ptr& error) {
            const std::size_t b = wanted[static_cast<std::size_t>(number)];
            for (std::size_t u = first_use_[b]; u < first_use_[b + 1]; ++u)
                if (!errors[uses_[u].target]) errors[uses_[u].target] = error;
            if (after_each) after_each();
        };
        stream_.for_each(blocks, {place, done, failed});
    }
    parallel::Team team(stream_.threads());
    team.run([&](int thread) {
        for (auto t = static_cast<std::size_t>(thread); t < targets.size();
             t += static_cast<std::size_t>(team.size()))
            if (!errors[t])
                core::copy_box(targets[t].box, whole_.data(), all, targets[t].out, targets[t].box,
                               element);
    });
}

} // namespace morphogen::rework
