#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace morphogen::rework {

/// How much of the machine reading may use.
struct ReadOptions {
    int threads = 0;                                 // 0: every core that the process may use
    std::uint64_t memory = std::uint64_t{256} << 20; // bytes, for all but the caller's array
};

/// The type of elements that a T in memory is.
template <typename T>
requires std::integral<T> || std::floating_point<T>
constexpr store::ElementType element_type() noexcept {
    using Kind = store::ElementType::Kind;
    return {.kind = std::is_floating_point_v<T> ? Kind::floating
                    : std::is_signed_v<T>       ? Kind::signed_integer
                                                : Kind::unsigned_integer,
            .size = sizeof(T),
            .big_endian = false};
}

/// The elements of @p box into @p out as numbers of type @p wanted in this machine's order of
/// bytes.
/// @throws core::UsageError if the dataset holds others, the box is not inside it or has not as
/// many elements; core::Error
void read_numbers_into(const store::DatasetReader& dataset, const core::NdBox& box,
                       const store::ElementType& wanted, std::span<std::byte> out,
                       const ReadOptions& options);

/// The elements of @p box of the dataset into @p out, dense, row-major, [box's shape]; big-endian
/// ones are turned. Every chunk is found by the calling thread (the only one that touches HDF5),
/// read and decoded on a team and put where it belongs: there is no second copy of the whole.
/// @throws core::UsageError: the dataset holds other numbers than T, @p box is not inside it, @p
/// out has not as many elements. core::Error naming file, dataset and chunk; @p out is then
/// incomplete
template <typename T>
requires std::integral<T> || std::floating_point<T>
void read_into(const store::DatasetReader& dataset, const core::NdBox& box, std::span<T> out,
               const ReadOptions& options = {}) {
    read_numbers_into(dataset, box, element_type<T>(), std::as_writable_bytes(out), options);
}

} // namespace morphogen::rework
