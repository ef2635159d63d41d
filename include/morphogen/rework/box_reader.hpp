#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/block_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <vector>

namespace morphogen::rework {

/// Elements that are wanted, and where: dense, bytes as in the file.
struct BoxTarget {
    core::NdBox box; // inside the dataset
    std::byte* out = nullptr;
};

/// Reads many boxes of a dataset at once: each block that any of them touches is decoded once, on a
/// team, and copied to all of them. One thread of a process may use it, or HDF5 at all, at a time.
class BoxReader {
public:
    /// What stays between two calls.
    enum class Keep { nothing, decoded };

    /// @param memory for blocks on their way, as BlockStream's. @param keep decoded: what was
    /// decoded once is not decoded again, which takes up to kept_memory() more.
    BoxReader(const store::DatasetReader& reader, int threads, std::uint64_t memory,
              Keep keep = Keep::nothing);

    /// The whole dataset as it is in memory, and which blocks of it are there.
    static std::uint64_t kept_memory(const store::DatasetReader& reader);

    /// Bytes that read() holds for one box, besides its elements: at most this.
    static std::uint64_t list_memory(const store::DatasetReader& reader, const core::Dims& shape);

    /// @throws the first error, naming file, dataset and chunk: some boxes are then incomplete
    void read(std::span<const BoxTarget> targets);
    /// The same, but a box whose blocks cannot be read has an error of its own and the others go
    /// on. @param errors as long as @p targets; null where all is well. @param after_each called
    /// after each block, on the calling thread; what it throws ends the call. May be empty.
    void read(std::span<const BoxTarget> targets, std::span<std::exception_ptr> errors,
              const std::function<void()>& after_each = {});

private:
    struct Use { // of a block by a target
        store::BlockId block;
        std::size_t target;
    };
    void list_uses(std::span<const BoxTarget> targets);
    void copy(const BlockView& block, std::span<const BoxTarget> targets) const;
    void read_kept(std::span<const BoxTarget> targets, std::span<std::exception_ptr> errors,
                   const std::function<void()>& after_each);
    std::size_t place_of(store::BlockId block) const {
        return first_block_[block.piece] + static_cast<std::size_t>(block.number);
    }

    const store::DatasetReader& reader_;
    BlockStream stream_;
    core::AlignedBuffer<std::byte> whole_; // if it is kept: the dataset, dense
    std::vector<char> present_;            // of each block of each piece: whether whole_ has it
    std::vector<std::size_t> first_block_; // of each piece, in present_
    std::size_t missing_ = 0;              // of present_
    std::vector<Use> uses_;
    std::vector<store::BlockId> blocks_;
    std::vector<std::size_t> first_use_; // of each block; one more: the end
};

} // namespace morphogen::rework
