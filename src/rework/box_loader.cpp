#include "morphogen/rework/box_loader.hpp"

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/rework/box_reader.hpp"
#include "morphogen/store/number_type.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace morphogen::rework {
namespace {

using core::Index;
using core::NdBox;
using store::DatasetReader;

std::string dataset_text(const DatasetReader& dataset) {
    return fmt::format("{}, {}", dataset.file().path().native(), dataset.info().path);
}

/// Boxes that are read in one go.
struct Load {
    Index first = 0;
    std::vector<NdBox> boxes;
    std::vector<std::exception_ptr> errors; // of each box
    core::AlignedBuffer<std::byte> bytes;
};

struct Plan {
    int threads = 1;
    std::uint64_t stream_memory = 0;
    Index boxes = 1; // of a load, a multiple of `together`
    BoxReader::Keep keep = BoxReader::Keep::nothing;
};

/// Boxes read ahead where nothing is decoded twice, bytes: more would not help.
constexpr std::uint64_t useful_ahead = std::uint64_t{64} << 20;

Plan make_plan(const DatasetReader& dataset, const core::Dims& shape,
               const LoaderOptions& options) {
    const std::uint64_t each =
        static_cast<std::uint64_t>(core::volume(shape)) * dataset.element_size() +
        BoxReader::list_memory(dataset, shape) + 2 * (sizeof(NdBox) + sizeof(std::exception_ptr));
    const auto together = static_cast<std::uint64_t>(options.together);
    const auto least = [&](int threads) {
        return BlockStream::least_memory(dataset, threads) + 2 * together * each;
    };
    Plan plan{.threads = options.threads > 0 ? options.threads : parallel::usable_cores()};
    while (plan.threads > 1 && least(plan.threads) > options.memory / 2)
        --plan.threads;
    if (least(plan.threads) > options.memory)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory for a loader",
            .where = dataset_text(dataset),
            .why = fmt::format("{} is the least for {} box(es) of {} at once and chunks of {}, {} "
                               "may be used",
                               core::format_size(least(plan.threads)), options.together,
                               fmt::join(shape, " x "), core::format_size(dataset.block_bytes()),
                               core::format_size(options.memory)),
            .advice = "give it more memory, or fewer or smaller boxes"});
    std::uint64_t left = options.memory - least(plan.threads);
    std::uint64_t for_boxes = left;
    if (const std::uint64_t whole = BoxReader::kept_memory(dataset); left >= whole) {
        plan.keep = BoxReader::Keep::decoded;
        left -= whole;
        for_boxes = std::min(left, useful_ahead);
    }
    const std::uint64_t ahead =
        std::min(left / 4, (static_cast<std::uint64_t>(plan.threads) + 1) * dataset.stored_bound());
    plan.stream_memory = BlockStream::least_memory(dataset, plan.threads) + ahead;
    for_boxes -= std::min(ahead, for_boxes);
    plan.boxes = options.together * static_cast<Index>(1 + for_boxes / (2 * together * each));
    return plan;
}

struct Stopped {}; // thrown through the stream when the loader goes

} // namespace

void LoadedBoxes::refuse_type() {
    throw core::UsageError("the elements of these boxes have another type than was asked for");
}

/// Two loads: one that the caller has, one that is being read or waits for the caller. Under the
/// mutex a load is in exactly one of {free_, ready_, the thread's hands, current_}.
class BoxLoader::Impl {
public:
    Impl(const DatasetReader& dataset, BoxSequence boxes, const LoaderOptions& options)
        : dataset_(dataset), sequence_(std::move(boxes)), together_(options.together) {
        if (options.together < 1)
            throw core::UsageError("a loader returns one box or more at once");
        if (!dataset.type().is_number())
            throw core::UsageError(core::ErrorText{.what = "cannot load boxes",
                                                   .where = dataset_text(dataset),
                                                   .why = "its elements are no numbers"});
        first_ = checked_box(0);
        if (!first_) { // an empty sequence
            ended_ = true;
            return;
        }
        shape_ = first_->shape();
        plan_ = make_plan(dataset, shape_, options);
        for (Load& load : loads_)
            free_.push_back(&load);
        thread_ = std::thread([this] { work(); });
    }

    ~Impl() {
        stop_ = true;
        {
            const std::lock_guard lock(mutex_);
            changed_.notify_all();
        }
        if (thread_.joinable()) thread_.join();
    }

    std::optional<LoadedBoxes> next() {
        if (current_ && at_ == current_->boxes.size()) give_back();
        if (!current_ && !wait_for_load()) return std::nullopt;
        const std::size_t begin = at_;
        const std::size_t count =
            std::min(static_cast<std::size_t>(together_), current_->boxes.size() - begin);
        at_ += count;
        for (std::size_t i = begin; i < begin + count; ++i)
            if (current_->errors[i]) std::rethrow_exception(current_->errors[i]);
        return LoadedBoxes{.first = current_->first + static_cast<Index>(begin),
                           .boxes = std::span(std::as_const(current_->boxes)).subspan(begin, count),
                           .bytes = std::span(std::as_const(current_->bytes).span())
                                        .subspan(begin * box_bytes(), count * box_bytes()),
                           .type = {dataset_.type().kind, dataset_.type().size, false}};
    }

private:
    std::size_t box_bytes() const {
        return static_cast<std::size_t>(core::volume(shape_)) * dataset_.element_size();
    }

    void give_back() {
        const std::lock_guard lock(mutex_);
        free_.push_back(std::exchange(current_, nullptr));
        changed_.notify_all();
    }

    bool wait_for_load() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !ready_.empty() || ended_; });
        if (ready_.empty()) {
            if (failure_) std::rethrow_exception(failure_);
            return false;
        }
        current_ = ready_.front();
        ready_.erase(ready_.begin());
        at_ = 0;
        return true;
    }

    /// Box @p n of the sequence, which must be one of this dataset, all of one shape.
    std::optional<NdBox> checked_box(Index n) const {
        auto box = sequence_(n);
        if (!box) return box;
        const auto refuse = [&](const char* why) {
            throw core::UsageError(core::ErrorText{
                .what = "cannot load box",
                .where = fmt::format("{}, box {} from [{}] to [{}]", dataset_text(dataset_), n,
                                     fmt::join(box->lo, ", "), fmt::join(box->hi, ", ")),
                .why = why});
        };
        if (box->rank() != dataset_.shape().rank() || box->empty() ||
            !NdBox::whole(dataset_.shape()).contains(*box))
            refuse("it is empty or not inside the dataset");
        if (n > 0 && box->shape() != shape_) refuse("the first one has another shape");
        return box;
    }

    void work() noexcept {
        parallel::restore_process_affinity_on_this_thread();
        parallel::name_this_thread("box loader");
        try {
            BoxReader reader(dataset_, plan_.threads, plan_.stream_memory, plan_.keep);
            Index n = 0;
            // Few at first, so that the caller can begin soon.
            for (Index boxes = std::min(plan_.boxes, together_);;
                 boxes = std::min(plan_.boxes, 4 * boxes)) {
                Load* const load = take_free();
                if (!load || !fill(*load, reader, n, boxes)) break;
                n += static_cast<Index>(load->boxes.size());
                const std::lock_guard lock(mutex_);
                ready_.push_back(load);
                changed_.notify_all();
            }
        } catch (const Stopped&) { // nobody waits
        } catch (...) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }

    Load* take_free() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !free_.empty() || stop_; });
        if (stop_) return nullptr;
        Load* const load = free_.back();
        free_.pop_back();
        return load;
    }

    /// The boxes from @p n on. What the sequence throws comes after the boxes before.
    /// @returns false: there is none.
    bool fill(Load& load, BoxReader& reader, Index n, Index boxes) {
        if (sequence_error_) std::rethrow_exception(sequence_error_);
        load.first = n;
        load.boxes.clear();
        try {
            while (static_cast<Index>(load.boxes.size()) < boxes) {
                const auto box = checked_box(n + static_cast<Index>(load.boxes.size()));
                if (!box) break;
                load.boxes.push_back(*box);
            }
        } catch (...) {
            if (load.boxes.empty()) throw;
            sequence_error_ = std::current_exception();
        }
        if (load.boxes.empty()) return false;
        if (load.bytes.size() < load.boxes.size() * box_bytes()) {
            load.bytes = {}; // first: the two together would be more than was counted
            load.bytes = core::AlignedBuffer<std::byte>(load.boxes.size() * box_bytes());
        }
        targets_.clear();
        for (std::size_t i = 0; i < load.boxes.size(); ++i)
            targets_.push_back({load.boxes[i], load.bytes.data() + i * box_bytes()});
        load.errors.assign(load.boxes.size(), nullptr);
        reader.read(targets_, load.errors, [this] {
            if (stop_) throw Stopped{};
        });
        if (dataset_.type().big_endian)
            store::swap_bytes(load.bytes.span().first(load.boxes.size() * box_bytes()),
                              dataset_.element_size());
        return true;
    }

    const DatasetReader& dataset_;
    const BoxSequence sequence_;
    const Index together_;
    std::optional<NdBox> first_;
    core::Dims shape_;
    Plan plan_;

    std::mutex mutex_;
    std::condition_variable changed_; // a load or the end for the caller, a load for the thread
    std::array<Load, 2> loads_;
    std::vector<Load*> free_;
    std::vector<Load*> ready_;      // in order
    bool ended_ = false;            // no load comes after those that are ready
    std::exception_ptr failure_;    // why, if it is not the sequence's end
    std::atomic<bool> stop_{false}; // the loader goes

    Load* current_ = nullptr;           // the caller's
    std::size_t at_ = 0;                // its next box
    std::exception_ptr sequence_error_; // the thread's
    std::vector<BoxTarget> targets_;    // the thread's
    std::thread thread_;                // last: it uses all of them
};

BoxLoader::BoxLoader(const DatasetReader& dataset, BoxSequence boxes, const LoaderOptions& options)
    : impl_(std::make_unique<Impl>(dataset, std::move(boxes), options)) {}

BoxLoader::~BoxLoader() = default;

std::optional<LoadedBoxes> BoxLoader::next() {
    return impl_->next();
}

} // namespace morphogen::rework
