#include "morphogen/rework/diff.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/info.hpp"

#include "rework/compare_elements.hpp"
#include "rework/element_text.hpp"
#include "rework/rechunk_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
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

/// Along axes, of fixed size: read in blocks.
bool has_blocks(const store::DatasetInfo& info) {
    return !info.is_variable && !info.shape.empty() &&
           info.shape.size() <= static_cast<std::size_t>(Dims::max_rank);
}

DatasetDifference compare_blocks(const File& a, const File& b, const std::string& path,
                                 const DiffOptions& options) {
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

DatasetDifference compare_scalars(const File& a, const File& b, const std::string& path,
                                  double tolerance) {
    DatasetDifference result{.path = path};
    const store::ElementType type_a = a->element_type(path);
    const store::ElementType type_b = b->element_type(path);
    const auto value_a = a->read_elements(path);
    const auto value_b = b->read_elements(path);
    const Comparison found =
        compare_elements(value_a.data(), type_a, value_b.data(), type_b, 1, tolerance);
    if (found.different == 0) return result;
    result.different = 1;
    result.first = {Dims(), element_text(type_a, value_a.data()),
                    element_text(type_b, value_b.data())};
    return result;
}

/// Strings of variable size, some rows at a time.
DatasetDifference compare_texts(const File& a, const File& b, const store::DatasetInfo& info) {
    DatasetDifference result{.path = info.path};
    const Dims shape = Dims::from(info.shape);
    constexpr Index at_once = Index{1} << 14U;
    const Index rows = info.shape.empty() ? 1 : info.shape.front();
    const Index row = rows == 0 ? 0 : core::volume(shape) / rows;
    if (row == 0) return result;
    const Index step = std::max<Index>(at_once / row, 1);
    for (Index first = 0; first < rows; first += step) {
        const Index count = std::min(step, rows - first);
        const auto texts_a = a->read_texts(info.path, first, count);
        const auto texts_b = b->read_texts(info.path, first, count);
        for (std::size_t i = 0; i < texts_a.size(); ++i) {
            if (texts_a[i] == texts_b[i]) continue;
            ++result.different;
            if (!result.first)
                result.first = {info.shape.empty() ? Dims()
                                                   : index_in(NdBox::whole(shape),
                                                              first * row + static_cast<Index>(i)),
                                texts_a[i], texts_b[i]};
        }
    }
    return result;
}

/// Why one of them has nothing that can be compared; empty: it has.
std::string why_not(const store::DatasetInfo& a, const store::DatasetInfo& b) {
    for (const store::DatasetInfo* info : {&a, &b}) {
        if (info->is_variable && !info->is_text)
            return fmt::format("elements of variable size or references ({})", info->type);
        if (info->shape.size() > static_cast<std::size_t>(Dims::max_rank))
            return fmt::format("{} axes", info->shape.size());
    }
    return a.is_nearly_all_fill() && b.is_nearly_all_fill() ? "nearly all of it was never written"
                                                            : "";
}

DatasetDifference compare_datasets(const File& a, const File& b, const std::string& path,
                                   const DiffOptions& options) {
    const auto info_a = a->dataset(path);
    const auto info_b = b->dataset(path);
    const auto differ = [&](std::string why) {
        return DatasetDifference{.path = path, .why = std::move(why)};
    };
    if (info_a.is_null != info_b.is_null) return differ("one of them has no elements");
    if (info_a.shape.size() != info_b.shape.size())
        return differ(fmt::format("{} axes and {}", info_a.shape.size(), info_b.shape.size()));
    const auto numbers = [&](const File& file) { return file->element_type(path).is_number(); };
    if (info_a.is_text != info_b.is_text || info_a.is_variable != info_b.is_variable ||
        numbers(a) != numbers(b))
        return differ(fmt::format("types {} and {}", info_a.type, info_b.type));
    if (info_a.is_null) return {.path = path};
    if (std::string why = why_not(info_a, info_b); !why.empty())
        return {.path = path, .skipped = std::move(why)};
    if (info_a.is_text)
        return info_a.shape == info_b.shape
                   ? compare_texts(a, b, info_a)
                   : differ(fmt::format("shapes {} and {}", fmt::join(info_a.shape, " x "),
                                        fmt::join(info_b.shape, " x ")));
    if (!numbers(a) && !a->has_same_type(*b, path))
        return differ(info_a.type == info_b.type
                          ? fmt::format("{} of other members, sizes or byte order", info_a.type)
                          : fmt::format("types {} and {}", info_a.type, info_b.type));
    DatasetDifference result = has_blocks(info_a) ? compare_blocks(a, b, path, options)
                                                  : compare_scalars(a, b, path, options.tolerance);
    if (!numbers(a) && info_a.is_numeric && options.tolerance > 0.0 && result.different > 0)
        result.why = fmt::format("{} elements differ; {} of this kind is compared byte by byte, "
                                 "without the tolerance",
                                 result.different, info_a.type);
    return result;
}

/// A dataset that was asked for by name, or all of them, must not pass as the same unseen.
void refuse_unseen(const std::vector<DatasetDifference>& results, const DiffOptions& options,
                   const fs::path& file) {
    const auto is_skipped = [](const DatasetDifference& d) { return !d.skipped.empty(); };
    const bool none = !results.empty() && std::all_of(results.begin(), results.end(), is_skipped);
    if (options.datasets.empty() && !none) return;
    const auto skipped = std::find_if(results.begin(), results.end(), is_skipped);
    if (skipped == results.end()) return;
    const std::string where = fmt::format("{}, {}", file.native(), skipped->path);
    throw core::UsageError(core::ErrorText{.what = "cannot compare dataset",
                                           .where = where,
                                           .why = skipped->skipped,
                                           .advice = none ? "nothing else could be compared" : ""});
}

} // namespace

std::vector<DatasetDifference> diff(const fs::path& a, const fs::path& b,
                                    const DiffOptions& options) {
    if (!(options.tolerance >= 0.0) || std::isinf(options.tolerance))
        throw core::UsageError(core::ErrorText{.what = "bad tolerance",
                                               .where = fmt::format("{}", options.tolerance),
                                               .advice = "give a number, at least 0"});
    const auto file_a = std::make_shared<const FileReader>(data_file(a));
    const auto file_b = std::make_shared<const FileReader>(data_file(b));
    std::set<std::string> outward; // external links to anything but a dataset
    const auto paths_of = [&](const FileReader& file) {
        std::vector<std::string> paths = file.dataset_paths();
        for (const store::ExternalLink& link : file.external_links())
            if (file.has_dataset(link.path))
                paths.push_back(link.path);
            else
                outward.insert(link.path);
        std::sort(paths.begin(), paths.end());
        return paths;
    };
    const auto paths_a = paths_of(*file_a);
    const auto paths_b = paths_of(*file_b);
    std::set<std::string> wanted;
    for (const std::string& name : options.datasets)
        wanted.insert(absolute(name));
    if (wanted.empty()) {
        wanted.insert(paths_a.begin(), paths_a.end());
        wanted.insert(paths_b.begin(), paths_b.end());
    }
    // Behind links to groups is what is named alone.
    const auto is_in = [&](const FileReader& file, const std::vector<std::string>& paths,
                           const std::string& path) {
        return std::binary_search(paths.begin(), paths.end(), path) ||
               (!options.datasets.empty() && file.has_dataset(path));
    };
    std::vector<DatasetDifference> results;
    if (options.datasets.empty())
        for (const std::string& link : outward)
            if (!wanted.contains(link))
                results.push_back({.path = link,
                                   .skipped = "an external link to a group or to nothing; name "
                                              "datasets behind it with --dataset"});
    for (const std::string& path : wanted) {
        const bool in_a = is_in(*file_a, paths_a, path);
        const bool in_b = is_in(*file_b, paths_b, path);
        if (!in_a && !in_b) static_cast<void>(file_a->dataset(path)); // says what there is
        if (in_a && in_b)
            results.push_back(compare_datasets(file_a, file_b, path, options));
        else
            results.push_back(
                {.path = path,
                 .why = fmt::format("only in {}", (in_a ? file_a : file_b)->path().native())});
    }
    std::sort(results.begin(), results.end(),
              [](const auto& x, const auto& y) { return x.path < y.path; });
    refuse_unseen(results, options, file_a->path());
    return results;
}

} // namespace morphogen::rework
