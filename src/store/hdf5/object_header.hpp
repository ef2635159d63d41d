#pragma once

#include "store/hdf5/raw_file.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// HDF5 File Format Specification 3.0, IV.A. Little-endian, addresses and sizes of 8 bytes.
namespace morphogen::store::hdf5 {

struct HeapObject {
    std::uint64_t heap = undefined_address;
    std::uint64_t index = 0;
};

/// What an object's header says, as it lies in the file.
class ObjectHeader {
public:
    ObjectHeader(const RawFile& file, std::uint64_t address);

    /// Whether one of its blocks has a wrong checksum or is not in the file; headers of version 1
    /// have no checksums.
    bool is_damaged() const noexcept { return is_damaged_; }
    /// Where the mappings of a virtual dataset lie; nothing for other objects.
    const std::optional<HeapObject>& virtual_layout() const noexcept { return layout_; }
    /// Whether it describes data and not their shape or type. Without the shape, the library would
    /// take it for a committed type; nothing else is left that could tell where there is no
    /// checksum.
    bool is_half_a_dataset() const noexcept;
    /// Fractal heap and B-trees of a group's links; nothing where these lie in the header itself.
    const std::optional<std::uint64_t>& link_heap() const noexcept { return link_heap_; }
    const std::vector<std::uint64_t>& link_trees() const noexcept { return link_trees_; }

private:
    struct Block {
        std::uint64_t address = undefined_address; // of the messages
        std::uint64_t size = 0;
        std::uint64_t before = 0; // bytes before them that the checksum covers too
    };

    void begin_version_2(const RawFile& file, std::uint64_t address, std::span<const char> start);
    void look_through(const RawFile& file, const Block& block);
    void take(std::uint64_t type, std::span<const char> body);
    void take_link_info(std::span<const char> body);

    bool is_version_2_ = false;
    bool has_order_ = false;
    bool is_damaged_ = false;
    bool is_whole_ = true; // all of its blocks were looked through
    bool has_space_ = false;
    bool has_type_ = false;
    bool has_layout_ = false;
    std::vector<Block> blocks_;
    std::optional<HeapObject> layout_;
    std::optional<std::uint64_t> link_heap_;
    std::vector<std::uint64_t> link_trees_;
};

} // namespace morphogen::store::hdf5
