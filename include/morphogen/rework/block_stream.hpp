#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/pipeline.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace morphogen::rework {

class BlockDecoder;

/// Whether what is written is to stay in the caches, because it is read soon or because there is
/// room for all of it.
enum class Stores { cached, past_caches };

/// A block of a dataset, for the thread that uses it and until it returns: read and decoded as far
/// as is asked for.
class BlockView {
public:
    core::Index number = 0; // in the list that was asked for
    store::BlockId id;
    core::NdBox box;      // the elements that belong to the dataset, in its indices
    core::NdBox raw_box;  // those of the block: a chunk at an edge reaches over it
    bool is_fill = false; // a chunk that was never written

    // All throw core::Error naming file, dataset and chunk.
    /// Reads and decodes it to see whether that can be done.
    void check() const;
    /// The elements of raw_box, dense, as they lie in the file.
    std::span<const std::byte> raw() const;
    /// Those of @p part (in box) to their places in @p out, the dense array of @p out_box: without
    /// raw() in between.
    void copy_to(const core::NdBox& part, std::byte* out, const core::NdBox& out_box,
                 Stores stores = Stores::cached) const;
    /// The same with the bytes of each element apart, as the shuffle filter lays them: byte b of
    /// the element whose place in the dense array of @p out_box is p goes to out[b * volume + p].
    /// What is stored shuffled is not put together in between.
    void copy_shuffled_to(const core::NdBox& part, std::byte* out,
                          const core::NdBox& out_box) const;

private:
    friend class BlockDecoder;
    BlockDecoder* decoder_ = nullptr;
};

/// What to do with the blocks of a stream.
struct BlockCalls {
    /// Any thread of the team, several at a time; `thread` from 0.
    parallel::FunctionRef<void(const BlockView& block, int thread)> use;
    /// On the calling thread, after a block was used, in order of the list. May be empty.
    std::function<void(core::Index number)> done = {};
    /// On the calling thread, in order, instead of `done`, for a block that could not be read or
    /// decoded or whose `use` threw: the others go on. Empty: the first error ends the stream.
    std::function<void(core::Index number, std::exception_ptr error)> failed = {};
};

/// Finds the blocks of a dataset one after the other on the calling thread (the only one that
/// touches HDF5), reads and decodes them on a team, within a ceiling on everything held: stored and
/// decoded blocks, decoders and their scratch.
class BlockStream {
public:
    /// Uses as many of @p threads as @p memory bytes allow.
    /// @throws core::Error naming the least that would do, if that is not even one.
    BlockStream(const store::DatasetReader& reader, int threads, std::uint64_t memory);
    ~BlockStream();

    /// Bytes that a stream of @p threads threads holds at the least.
    static std::uint64_t least_memory(const store::DatasetReader& reader, int threads = 1);

    /// @throws core::Error naming file, dataset and chunk; whatever `use` throws
    void for_each(std::span<const store::BlockId> blocks, BlockCalls calls);

    int threads() const noexcept { return team_.size(); }
    /// Blocks between being read and being done, at most: what `use` of block n leaves for `done`
    /// may lie in place n modulo this.
    static core::Index most_in_flight(int threads) noexcept {
        return 2 * static_cast<core::Index>(threads) + 1;
    }

private:
    struct Item;   // a block on its way
    struct Worker; // one thread's tools
    class Source;

    void decode(Item& item, int thread, BlockCalls& calls);

    const store::DatasetReader& reader_;
    parallel::Team team_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::unique_ptr<parallel::Pipeline<Item>> pipeline_;
};

/// No more threads than blocks, nor than there are bytes to keep busy: files of thousands of tiny
/// datasets would else spend their time on waking the others. @param bytes decoded
inline int useful_threads(int threads, core::Index blocks,
                          std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max()) {
    constexpr std::uint64_t worth_waking = std::uint64_t{1} << 18U; // about 1 ms of inflating
    const auto busy = std::min<std::uint64_t>(bytes / worth_waking,
                                              static_cast<std::uint64_t>(std::max(threads, 1)));
    return static_cast<int>(std::clamp<core::Index>(
        std::min(blocks, static_cast<core::Index>(busy)), 1, std::max(threads, 1)));
}

/// Every element of @p box of the dataset into @p out, dense, bytes as in the file: each chunk is
/// decoded straight to its place, there is no second copy of the whole.
/// @param memory for everything but @p out. @throws core::Error
void read_into(const store::DatasetReader& reader, const core::NdBox& box, std::span<std::byte> out,
               int threads, std::uint64_t memory);

} // namespace morphogen::rework
