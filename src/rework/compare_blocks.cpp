#include "rework/compare_blocks.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/rework/block_stream.hpp"

#include "rework/compare_elements.hpp"
#include "rework/element_text.hpp"
#include "rework/rechunk_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;

Dims block_of(const DatasetReader& reader) {
    Dims block = reader.shape();
    for (int a = 0; a < block.rank(); ++a)
        block[a] = std::max<Index>(block[a], 1);
    if (reader.pieces().empty()) return block;
    for (int a = 0; a < block.rank(); ++a)
        block[a] = std::min(block[a], reader.pieces().front().grid.chunk()[a]);
    return block;
}

/// What one thread compares in the time that it takes to wake another.
constexpr Index few_elements = Index{1} << 15U;

/// Both datasets, slab by slab.
class Comparer {
public:
    Comparer(const DatasetReader& a, const DatasetReader& b, const DiffOptions& options)
        : a_(a), b_(b), options_(options),
          team_(useful_threads(options.budget.threads, core::volume(a.shape()) / few_elements)) {
        const std::uint64_t stream =
            std::max(BlockStream::least_memory(a), BlockStream::least_memory(b));
        // Decoding may use what the slabs leave, but at least a quarter.
        stream_memory_ = std::max(stream, options.budget.memory / 4);
        const std::size_t pair = a.element_size() + b.element_size();
        Dims unit = block_of(b);
        const auto room = [&] {
            return options.budget.memory < stream_memory_
                       ? 0
                       : static_cast<Index>((options.budget.memory - stream_memory_) / pair);
        };
        if (core::volume(unit) > room()) stream_memory_ = stream;
        if (core::volume(unit) > room()) { // rather decode often than not at all
            unit = Dims(unit.rank(), 1);
            unit[unit.rank() - 1] = std::max<Index>(a.shape()[unit.rank() - 1], 1);
        }
        if (core::volume(unit) > room())
            throw core::UsageError(core::ErrorText{
                .what = "not enough memory to compare datasets",
                .where = a.info().path,
                .why =
                    fmt::format("{} is the least, {} may be used",
                                core::format_size(
                                    stream + static_cast<std::uint64_t>(core::volume(unit)) * pair),
                                core::format_size(options.budget.memory)),
                .advice = "give more --memory"});
        constexpr Index enough = Index{1} << 24U; // elements: more gains nothing
        slabs_ =
            plan_slabs(a.shape(), block_of(a), unit, std::clamp(enough, core::volume(unit), room()))
                .slabs;
    }

    DatasetDifference compare() {
        DatasetDifference result;
        double largest = -1.0;
        for (Index n = 0; n < slabs_.size(); ++n) {
            const NdBox box = slabs_.box(n);
            const Comparison found = compare_slab(box);
            result.different += found.different;
            if (found.first >= 0) {
                const Dims at = index_in(box, found.first);
                if (!result.first ||
                    std::lexicographical_compare(at.begin(), at.end(), result.first->at.begin(),
                                                 result.first->at.end()))
                    result.first = difference(at, found.first);
            }
            if (found.distance > largest) {
                largest = found.distance;
                result.largest = difference(index_in(box, found.largest), found.largest);
            }
            if (options_.budget.progress) options_.budget.progress(n + 1, slabs_.size());
        }
        return result;
    }

private:
    /// Element @p n of the slab that was compared last.
    ElementDifference difference(const Dims& at, Index n) const {
        const auto text = [&](const DatasetReader& reader, const auto& elements) {
            return element_text(reader.type(), elements.data() + static_cast<std::size_t>(n) *
                                                                     reader.element_size());
        };
        return {at, text(a_, elements_a_), text(b_, elements_b_)};
    }

    Comparison compare_slab(const NdBox& box) {
        const auto elements = static_cast<std::size_t>(box.volume());
        const auto read = [&](const DatasetReader& reader, core::AlignedBuffer<std::byte>& into) {
            const std::size_t bytes = elements * reader.element_size();
            if (into.size() < bytes) into = core::AlignedBuffer<std::byte>(bytes);
            read_into(reader, box, into.span().first(bytes), options_.budget.threads,
                      stream_memory_);
        };
        read(a_, elements_a_);
        read(b_, elements_b_);
        std::vector<Comparison> parts(static_cast<std::size_t>(team_.size()));
        team_.run([&](int thread) {
            const auto [lo, hi] = core::split_evenly(box.volume(), team_.size(), thread);
            parts[static_cast<std::size_t>(thread)] = compare_elements(
                elements_a_.data() + static_cast<std::size_t>(lo) * a_.element_size(), a_.type(),
                elements_b_.data() + static_cast<std::size_t>(lo) * b_.element_size(), b_.type(),
                hi - lo, options_.tolerance);
        });
        Comparison found;
        for (int thread = 0; thread < team_.size(); ++thread)
            found.append(parts[static_cast<std::size_t>(thread)],
                         core::split_evenly(box.volume(), team_.size(), thread)[0]);
        return found;
    }

    const DatasetReader& a_;
    const DatasetReader& b_;
    const DiffOptions& options_;
    parallel::Team team_;
    std::uint64_t stream_memory_ = 0;
    core::ChunkGrid slabs_;
    core::AlignedBuffer<std::byte> elements_a_;
    core::AlignedBuffer<std::byte> elements_b_;
};

} // namespace

Dims index_in(const NdBox& box, Index n) {
    const core::ChunkGrid elements(box.shape(), Dims(box.rank(), 1));
    return (elements.full_box(n) + box.lo).lo;
}

DatasetDifference compare_blocks(const std::shared_ptr<const store::FileReader>& a,
                                 const std::shared_ptr<const store::FileReader>& b,
                                 const std::string& path, const DiffOptions& options) {
    const DatasetReader reader_a(a, path);
    const DatasetReader reader_b(b, path);
    if (reader_a.shape() != reader_b.shape())
        return {.path = path,
                .why = fmt::format("shapes {} and {}", fmt::join(reader_a.shape(), " x "),
                                   fmt::join(reader_b.shape(), " x "))};
    if (core::volume(reader_a.shape()) == 0) return {.path = path};
    DatasetDifference result = Comparer(reader_a, reader_b, options).compare();
    result.path = path;
    return result;
}

} // namespace morphogen::rework
