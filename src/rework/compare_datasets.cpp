#include "rework/compare_datasets.hpp"

#include "rework/compare_blocks.hpp"
#include "rework/compare_elements.hpp"
#include "rework/element_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;

using File = std::shared_ptr<const store::FileReader>;

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

} // namespace

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
    DatasetDifference result = info_a.has_blocks() ? compare_blocks(a, b, path, options)
                                                   : compare_scalars(a, b, path, options.tolerance);
    if (!numbers(a) && info_a.is_numeric && options.tolerance > 0.0 && result.different > 0)
        result.why = fmt::format("{} elements differ; {} of this kind is compared byte by byte, "
                                 "without the tolerance",
                                 result.different, info_a.type);
    return result;
}

} // namespace morphogen::rework
