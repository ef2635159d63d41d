#include "store/hdf5/object_header.hpp"

#include "store/hdf5/superblock.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace morphogen::store::hdf5 {
namespace {

/// Of all blocks: more was made to keep us busy, or to hold large attributes; nothing is said of
/// it.
constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20;

} // namespace

ObjectHeader::ObjectHeader(const RawFile& file, std::uint64_t address) {
    const auto start = file.read(address, 16);
    if (!start) return;
    if (std::string_view(start->data(), 4) == "OHDR")
        begin_version_2(file, address, *start);
    else if ((*start)[0] == 1)
        blocks_.push_back({address + 16, number(*start, 8, 4), 0});
    std::uint64_t bytes = 0;
    constexpr std::size_t most_blocks = 4096; // they may go round in circles
    for (std::size_t i = 0; !is_damaged_ && i < std::min(blocks_.size(), most_blocks); ++i) {
        const Block block = blocks_[i];
        if (block.size > most_bytes - bytes) {
            is_damaged_ =
                is_version_2_ && !file.read(block.address + block.size, metadata_checksum_bytes);
            is_whole_ = false;
            return;
        }
        bytes += block.size;
        look_through(file, block);
    }
    is_whole_ &= !is_damaged_ && !blocks_.empty() && blocks_.size() <= most_blocks;
}

bool ObjectHeader::is_half_a_dataset() const noexcept {
    return is_whole_ && has_layout_ && !(has_space_ && has_type_);
}

void ObjectHeader::begin_version_2(const RawFile& file, std::uint64_t address,
                                   std::span<const char> start) {
    const auto flags = number(start, 5, 1);
    has_order_ = (flags & 4) != 0;
    is_version_2_ = true;
    const std::uint64_t at =
        address + 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
    const std::uint64_t width = std::uint64_t{1} << (flags & 3);
    if (const auto size = file.read(at, width))
        blocks_.push_back({at + width, number(*size, 0, width), at + width - address});
    else
        is_damaged_ = true;
}

void ObjectHeader::look_through(const RawFile& file, const Block& block) {
    const auto all =
        file.read(block.address - block.before,
                  block.before + block.size + (is_version_2_ ? metadata_checksum_bytes : 0));
    if (!all) {
        is_damaged_ = is_version_2_;
        is_whole_ = false;
        return;
    }
    const auto covered = std::span(*all).first(block.before + block.size);
    if (is_version_2_ &&
        metadata_checksum(covered) != number(*all, covered.size(), metadata_checksum_bytes)) {
        is_damaged_ = true;
        return;
    }
    const auto messages = covered.subspan(block.before);
    const std::size_t head = is_version_2_ ? (has_order_ ? 6 : 4) : 8;
    const std::size_t width = is_version_2_ ? 1 : 2; // of the type
    std::size_t at = 0;
    while (at + head <= messages.size()) {
        const auto type = number(messages, at, width);
        const auto size = number(messages, at + width, 2);
        at += head;
        if (at + size > messages.size()) {
            is_whole_ = false;
            return;
        }
        take(type, messages.subspan(at, size));
        at += size;
    }
}

/// IV.A.2.c: version, flags, a number where the order is kept, the heap, one or two B-trees.
void ObjectHeader::take_link_info(std::span<const char> body) {
    if (body.size() < 2) return;
    const auto flags = number(body, 1, 1);
    const std::size_t at = 2 + ((flags & 1) != 0 ? 8 : 0);
    if (body.size() < at + 16 || number(body, at, 8) == undefined_address) return;
    link_heap_ = number(body, at, 8);
    link_trees_.push_back(number(body, at + 8, 8));
    if ((flags & 2) != 0 && body.size() >= at + 24) link_trees_.push_back(number(body, at + 16, 8));
}

void ObjectHeader::take(std::uint64_t type, std::span<const char> body) {
    constexpr std::uint64_t space = 1;
    constexpr std::uint64_t link_info = 2;
    constexpr std::uint64_t datatype = 3;
    constexpr std::uint64_t layout = 8;
    constexpr std::uint64_t continuation = 16;
    constexpr std::uint64_t virtual_class = 3;
    has_space_ |= type == space;
    has_type_ |= type == datatype;
    has_layout_ |= type == layout;
    if (type == link_info) take_link_info(body);
    if (type == layout && body.size() >= 14 && number(body, 0, 1) >= 4 &&
        number(body, 1, 1) == virtual_class)
        layout_ = HeapObject{number(body, 2, 8), number(body, 10, 4)};
    if (type != continuation || body.size() < 16) return;
    Block next{number(body, 0, 8), number(body, 8, 8), 0};
    if (is_version_2_) { // "OCHK" before, a checksum after the messages
        constexpr std::uint64_t mark = 4;
        if (next.size < mark + metadata_checksum_bytes || next.address > undefined_address - mark)
            return;
        next = {next.address + mark, next.size - mark - metadata_checksum_bytes, mark};
    }
    blocks_.push_back(next);
}

} // namespace morphogen::store::hdf5
