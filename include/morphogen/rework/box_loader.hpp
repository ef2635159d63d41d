#pragma once

#include "morphogen/core/error.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/boxes.hpp"
#include "morphogen/rework/read_into.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>

namespace morphogen::rework {

struct LoaderOptions {
    core::Index together = 1; // boxes that next() returns at once, one after the other in memory
    int threads = 0;          // that decode; 0: every core that the process may use
    std::uint64_t memory = std::uint64_t{256} << 20; // bytes: ceiling on everything held
};

/// Some boxes of a sequence, as long as the loader is not asked for more.
struct LoadedBoxes {
    core::Index first = 0;              // number in the sequence
    std::span<const core::NdBox> boxes; // in order
    std::span<const std::byte> bytes;   // [box][box's shape], row-major, this machine's byte order
    store::ElementType type;

    /// @throws core::UsageError if the elements are no T
    template <typename T>
    std::span<const T> values() const {
        if (type.kind != element_type<T>().kind || type.size != sizeof(T)) refuse_type();
        return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
    }

private:
    [[noreturn]] static void refuse_type();
};

/// Boxes of a dataset for a training loop: random crops (random_boxes()), windows of a time series
/// (windows()) or any other sequence of boxes of one shape, read ahead by a thread of the loader's
/// own while the caller works on what it has.
///
///     rework::BoxLoader loader(dataset, rework::random_boxes(dataset.shape(), {8, 128, 128},
///     seed),
///                              {.together = 32});
///     for (int step = 0; step < steps; ++step)
///         train(loader.next()->values<float>()); // [32][8][128][128]
///
/// What comes depends on the sequence alone, not on memory, threads or time. Where the whole
/// dataset fits into the memory, each chunk is decoded once, when it is first needed. Else the
/// memory decides how many boxes are read in one go: each chunk that they touch is decoded once for
/// all of them. Half of them are read ahead while the other half is used.
///
/// The loader's thread calls HDF5, one store::Hdf5Lock per chunk: as long as the loader lives,
/// anything else that calls HDF5, your own code and other functions of this library, must hold a
/// store::Hdf5Lock too, and not while it waits in next(). The dataset must outlive the loader. The
/// functions are for one thread at a time.
class BoxLoader {
public:
    /// Begins to read. @param boxes is called by the loader's thread.
    /// @throws core::UsageError naming the least memory that would do; elements that are no numbers
    BoxLoader(const store::DatasetReader& dataset, BoxSequence boxes,
              const LoaderOptions& options = {});
    /// Stops reading within some chunks and joins.
    ~BoxLoader();

    /// The next boxes, fewer than `together` at the end of the sequence; nothing after it. What it
    /// returned before is not valid any more.
    /// @throws core::Error naming file, dataset and chunk if one of the boxes could not be read:
    /// these are skipped, the next call goes on. What @p boxes threw, each time
    std::optional<LoadedBoxes> next();

    /// for (const LoadedBoxes& batch : loader): what next() returns, until there is nothing.
    class Iterator;
    Iterator begin();
    static std::default_sentinel_t end() noexcept { return {}; }

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

class BoxLoader::Iterator {
public:
    using value_type = LoadedBoxes;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(BoxLoader& loader) : loader_(&loader), now_(loader.next()) {}

    const LoadedBoxes& operator*() const { return *now_; }
    const LoadedBoxes* operator->() const { return &*now_; }
    Iterator& operator++() {
        now_ = loader_->next();
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& i, std::default_sentinel_t) noexcept { return !i.now_; }

private:
    BoxLoader* loader_ = nullptr;
    std::optional<LoadedBoxes> now_;
};

inline BoxLoader::Iterator BoxLoader::begin() {
    return Iterator(*this);
}

} // namespace morphogen::rework
