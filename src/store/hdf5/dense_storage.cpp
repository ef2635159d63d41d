#include "store/hdf5/dense_storage.hpp"

#include "store/hdf5/superblock.hpp"

#include <cstddef>
#include <string_view>

namespace morphogen::store::hdf5 {
namespace {

bool is_damaged(const RawFile& file, std::uint64_t address, std::string_view mark,
                std::uint64_t size) {
    const auto bytes = file.read(address, size);
    if (!bytes || std::string_view(bytes->data(), mark.size()) != mark) return true;
    const auto covered = std::span(*bytes).first(bytes->size() - metadata_checksum_bytes);
    return metadata_checksum(covered) != number(*bytes, covered.size(), metadata_checksum_bytes);
}

} // namespace

bool is_damaged_heap(const RawFile& file, std::uint64_t address) {
    constexpr std::uint64_t plain = 146;
    constexpr std::size_t filters_at = 7; // bytes that describe filters
    const auto start = file.read(address, filters_at + 2);
    if (!start) return true;
    const auto filters = number(*start, filters_at, 2);
    return is_damaged(file, address, "FRHP", plain + (filters > 0 ? 12 + filters : 0));
}

bool is_damaged_tree(const RawFile& file, std::uint64_t address) {
    return is_damaged(file, address, "BTHD", 38);
}

} // namespace morphogen::store::hdf5
