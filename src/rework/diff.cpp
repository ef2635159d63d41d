#include "morphogen/rework/diff.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/info.hpp"

#include "rework/compare_elements.hpp"
#include "rework/rechunk_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <set>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;
using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;
using store::FileReader;

using File = std::shared_ptr<const FileReader>;

std::string absolute(const std::string& name) {
    return name.starts_with('/') ? name : "/" + name;
}

Dims block_of(const DatasetReader& reader) {
    Dims block = reader.shape();
    for (int a = 0; a < block.rank(); ++a)
        block[a] = std::max<Index>(block[a], 1);
    if (reader.pieces().empty()) return block;
    for (int a = 0; a < block.rank(); ++a)
        block[a] = std::min(block[a], reader.pieces().front().grid.chunk()[a]);
    return block;
}

/// Index along each axis of element @p n of a dense box.
Dims index_in(const NdBox& box, Index n) {
    const core::ChunkGrid elements(box.shape(), Dims(box.rank(), 1));
    return (elements.full_box(n) + box.lo).lo;
}

/// Both datasets, slab by slab.
class Comparer {
public:
    Comparer(const DatasetReader& a, const DatasetReader& b, const DiffOptions& options)
        : a_(a), b_(b), options_(options), team_(std::max(options.budget.threads, 1)) {
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
        DatasetDifference result{.path = a_.info().path};
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
                    result.first = {at, found.first_a, found.first_b};
            }
            if (found.distance > largest) {
                largest = found.distance;
                result.largest = {index_in(box, found.largest), found.largest_a, found.largest_b};
            }
            if (options_.budget.progress) options_.budget.progress(n + 1, slabs_.size());
        }
        return result;
    }

private:
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

/// Of fixed size, along axes.
bool has_elements(const store::DatasetInfo& info) {
    return !info.is_variable && !info.shape.empty() &&
           info.shape.size() <= static_cast<std::size_t>(Dims::max_rank);
}

DatasetDifference compare_datasets(const File& a, const File& b, const std::string& path,
                                   const DiffOptions& options) {
    const auto info_a = a->dataset(path);
    const auto info_b = b->dataset(path);
    if (info_a.shape.size() != info_b.shape.size())
        return {.path = path,
                .why = fmt::format("{} axes and {}", info_a.shape.size(), info_b.shape.size())};
    if (!has_elements(info_a) || !has_elements(info_b))
        return {.path = path,
                .skipped = fmt::format("{}, {} axes", info_a.type, info_a.shape.size())};
    if (info_a.is_nearly_all_fill() && info_b.is_nearly_all_fill())
        return {.path = path, .skipped = "nearly all of it was never written"};
    const DatasetReader reader_a(a, path);
    const DatasetReader reader_b(b, path);
    if (reader_a.shape() != reader_b.shape())
        return {.path = path,
                .why = fmt::format("shapes {} and {}", fmt::join(reader_a.shape(), " x "),
                                   fmt::join(reader_b.shape(), " x "))};
    if (!comparable(reader_a.type(), reader_b.type()))
        return {.path = path, .why = fmt::format("types {} and {}", info_a.type, info_b.type)};
    if (core::volume(reader_a.shape()) == 0) return {.path = path};
    return Comparer(reader_a, reader_b, options).compare();
}

} // namespace

std::vector<DatasetDifference> diff(const fs::path& a, const fs::path& b,
                                    const DiffOptions& options) {
    const auto file_a = std::make_shared<const FileReader>(data_file(a));
    const auto file_b = std::make_shared<const FileReader>(data_file(b));
    const auto paths_a = file_a->dataset_paths();
    const auto paths_b = file_b->dataset_paths();
    std::set<std::string> wanted;
    for (const std::string& name : options.datasets)
        wanted.insert(absolute(name));
    if (wanted.empty()) {
        wanted.insert(paths_a.begin(), paths_a.end());
        wanted.insert(paths_b.begin(), paths_b.end());
    }
    std::vector<DatasetDifference> results;
    for (const std::string& path : wanted) {
        const bool in_a = std::binary_search(paths_a.begin(), paths_a.end(), path);
        const bool in_b = std::binary_search(paths_b.begin(), paths_b.end(), path);
        if (!in_a && !in_b) static_cast<void>(file_a->dataset(path)); // says what there is
        if (in_a && in_b)
            results.push_back(compare_datasets(file_a, file_b, path, options));
        else
            results.push_back(
                {.path = path,
                 .why = fmt::format("only in {}", (in_a ? file_a : file_b)->path().native())});
    }
    return results;
}

} // namespace morphogen::rework
