#include "morphogen/rework/read_into.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/store/number_type.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

namespace morphogen::rework {
namespace {

using core::NdBox;
using store::DatasetReader;
using store::ElementType;

std::string name_of(const ElementType& type) {
    if (!type.is_number()) return "other";
    const char* kind = type.kind == ElementType::Kind::floating         ? "float"
                       : type.kind == ElementType::Kind::brain_floating ? "bfloat"
                       : type.kind == ElementType::Kind::signed_integer ? "int"
                                                                        : "uint";
    return fmt::format("{}{}", kind, 8 * type.size);
}

void check(const DatasetReader& dataset, const NdBox& box, const ElementType& wanted,
           std::size_t bytes) {
    const auto refuse = [&](const std::string& why, const char* advice) {
        const std::string where =
            fmt::format("{}, {}", dataset.file().path().native(), dataset.info().path);
        throw core::UsageError(core::ErrorText{
            .what = "cannot read into this array", .where = where, .why = why, .advice = advice});
    };
    if (dataset.type().kind != wanted.kind || dataset.type().size != wanted.size)
        refuse(
            fmt::format("the dataset holds {}, the array {}", dataset.info().type, name_of(wanted)),
            "give an array of the dataset's type");
    if (box.rank() != dataset.shape().rank() || !NdBox::whole(dataset.shape()).contains(box))
        refuse(fmt::format("the box from [{}] to [{}] is not inside [{}]", fmt::join(box.lo, ", "),
                           fmt::join(box.hi, ", "), fmt::join(dataset.shape(), ", ")),
               "ask for what is there");
    if (bytes != static_cast<std::size_t>(box.volume()) * wanted.size)
        refuse(
            fmt::format("the box has {} elements, the array {}", box.volume(), bytes / wanted.size),
            "give an array as large as the box");
}

} // namespace

void read_numbers_into(const DatasetReader& dataset, const NdBox& box, const ElementType& wanted,
                       std::span<std::byte> out, const ReadOptions& options) {
    check(dataset, box, wanted, out.size());
    const int threads = options.threads > 0 ? options.threads : parallel::usable_cores();
    read_into(dataset, box, out, threads, options.memory);
    if (dataset.type().big_endian) store::swap_bytes(out, wanted.size);
}

} // namespace morphogen::rework
