#include "store/hdf5/virtual_mappings.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/whole_io.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/hdf5/locating_driver.hpp"
#include "store/hdf5/superblock.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// All formats: HDF5 File Format Specification 3.0. Little-endian, addresses and sizes of 8 bytes.
namespace morphogen::store::hdf5 {
namespace {

using Bytes = std::vector<char>;

constexpr std::uint64_t undefined = ~std::uint64_t{0};
constexpr std::uint64_t largest_structure = std::uint64_t{1} << 30;

std::uint64_t number(std::span<const char> bytes, std::size_t at, std::size_t size) {
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < size; ++i)
        n |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    return n;
}

/// The bytes below an open file.
class RawFile {
public:
    /// Nothing if they cannot be reached.
    static std::optional<RawFile> of(hid_t file) {
        const Properties creation(H5Fget_create_plist(file));
        const Properties access(H5Fget_access_plist(file));
        std::size_t address_size = 0;
        std::size_t size_size = 0;
        hsize_t base = 0;
        void* handle = nullptr;
        if (!creation.valid() || !access.valid() ||
            H5Pget_sizes(creation.get(), &address_size, &size_size) < 0 || address_size != 8 ||
            size_size != 8 || H5Pget_userblock(creation.get(), &base) < 0)
            return std::nullopt;
        const hid_t driver = H5Pget_driver(access.get());
        if (driver == H5FD_MPIO || H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 ||
            handle == nullptr)
            return std::nullopt;
        RawFile raw;
        raw.base_ = base;
        if (driver == H5FD_CORE) {
            hsize_t size = 0;
            if (H5Fget_filesize(file, &size) < 0) return std::nullopt;
            raw.memory_ = {*static_cast<const char* const*>(handle), size};
        } else if (driver == H5FD_SEC2 || is_locating_driver(driver)) {
            raw.descriptor_ = *static_cast<const int*>(handle);
        } else {
            return std::nullopt;
        }
        return raw;
    }

    /// Nothing if the file does not have them.
    std::optional<Bytes> read(std::uint64_t address, std::uint64_t size) const {
        if (size > largest_structure || address > undefined - base_ - size) return std::nullopt;
        address += base_;
        if (memory_.data() != nullptr) {
            if (address + size > memory_.size()) return std::nullopt;
            const auto part = memory_.subspan(address, size);
            return Bytes(part.begin(), part.end());
        }
        Bytes bytes(size);
        const auto n =
            core::read_whole(descriptor_, std::as_writable_bytes(std::span(bytes)), address);
        if (n != static_cast<std::int64_t>(size)) return std::nullopt;
        return bytes;
    }

private:
    int descriptor_ = -1;
    std::span<const char> memory_;
    std::uint64_t base_ = 0;
};

struct Block {
    std::uint64_t address = undefined;
    std::uint64_t size = 0;
};

struct HeapObject {
    std::uint64_t heap = undefined;
    std::uint64_t index = 0;
};

/// The messages of an object header, up to a virtual layout.
class HeaderMessages {
public:
    explicit HeaderMessages(const RawFile& file) : file_(file) {}

    std::optional<HeapObject> find_virtual_layout(std::uint64_t header) {
        const auto start = file_.read(header, 16);
        if (!start) return std::nullopt;
        if (std::string_view(start->data(), 4) == "OHDR")
            begin_version_2(header, *start);
        else if ((*start)[0] == 1)
            queue_.push_back({header + 16, number(*start, 8, 4)});
        constexpr std::size_t too_many = 4096;
        for (std::size_t i = 0; !found_ && i < queue_.size() && i < too_many; ++i)
            look_through(queue_[i]);
        return found_;
    }

private:
    void begin_version_2(std::uint64_t header, std::span<const char> start) {
        const auto flags = number(start, 5, 1);
        has_order_ = (flags & 4) != 0;
        is_version_2_ = true;
        const std::uint64_t at =
            header + 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
        const std::uint64_t width = std::uint64_t{1} << (flags & 3);
        if (const auto size = file_.read(at, width))
            queue_.push_back({at + width, number(*size, 0, width)});
    }

    void look_through(const Block& block) {
        const auto bytes = file_.read(block.address, block.size);
        if (!bytes) return;
        const std::size_t head = is_version_2_ ? (has_order_ ? 6 : 4) : 8;
        const std::size_t width = is_version_2_ ? 1 : 2; // of the type
        std::size_t at = 0;
        while (!found_ && at + head <= bytes->size()) {
            const auto type = number(*bytes, at, width);
            const auto size = number(*bytes, at + width, 2);
            at += head;
            if (at + size > bytes->size()) return;
            take(type, std::span<const char>(*bytes).subspan(at, size));
            at += size;
        }
    }

    void take(std::uint64_t type, std::span<const char> body) {
        constexpr std::uint64_t layout = 8;
        constexpr std::uint64_t continuation = 16;
        constexpr std::uint64_t virtual_class = 3;
        if (type == layout && body.size() >= 14 && number(body, 0, 1) >= 4 &&
            number(body, 1, 1) == virtual_class)
            found_ = HeapObject{number(body, 2, 8), number(body, 10, 4)};
        if (type != continuation || body.size() < 16) return;
        Block next{number(body, 0, 8), number(body, 8, 8)};
        if (is_version_2_) { // "OCHK" before, a checksum after the messages
            if (next.size < 8) return;
            next = {next.address + 4, next.size - 8};
        }
        queue_.push_back(next);
    }

    const RawFile& file_;
    bool is_version_2_ = false;
    bool has_order_ = false;
    std::vector<Block> queue_;
    std::optional<HeapObject> found_;
};

/// The object's bytes; nothing if the heap is not what the format says.
std::optional<std::span<const char>> object_in(std::span<const char> heap, std::uint64_t index) {
    std::optional<std::span<const char>> found;
    constexpr std::size_t head = 16;
    std::size_t at = head;
    while (heap.size() - at >= head) {
        const auto here = number(heap, at, 2);
        const auto size = number(heap, at + 8, 8);
        // Object 0 is the free space, whose size has its head in it; others are padded.
        const auto taken = here == 0 ? size : head + (size + 7) / 8 * 8;
        if (size > heap.size() || taken < head || taken > heap.size() - at) return std::nullopt;
        if (here == index && here != 0) found = heap.subspan(at + head, size);
        at += taken;
    }
    return found;
}

const char* damage_of(const RawFile& file, const HeapObject& object) {
    const auto start = file.read(object.heap, 16);
    if (!start || std::string_view(start->data(), 4) != "GCOL") return "their heap is not there";
    const auto heap = file.read(object.heap, number(*start, 8, 8));
    if (!heap || heap->size() < 16) return "their heap is cut off";
    const auto mappings = object_in(*heap, object.index);
    if (!mappings || mappings->size() < 4) return "they are not in their heap";
    const auto body = mappings->first(mappings->size() - 4);
    return metadata_checksum(body) == number(*mappings, body.size(), 4) ? nullptr
                                                                        : "their checksum is wrong";
}

} // namespace

void check_virtual_mappings(hid_t parent, const char* name) {
    H5O_info_t info{};
    const QuietErrors quiet; // what cannot be found is the next call's error
    if (H5Oget_info_by_name2(parent, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0 ||
        info.type != H5O_TYPE_DATASET)
        return;
    H5O_info_t here{};
    if (H5Oget_info2(parent, &here, H5O_INFO_BASIC) < 0 || here.fileno != info.fileno)
        return; // behind an external link: its address is one of another file
    const File file(H5Iget_file_id(parent));
    const auto raw = file.valid() ? RawFile::of(file.get()) : std::nullopt;
    if (!raw) return;
    const auto mappings = HeaderMessages(*raw).find_virtual_layout(info.addr);
    if (!mappings || mappings->heap == undefined) return;
    if (const char* why = damage_of(*raw, *mappings)) {
        const std::string where = describe({parent, name});
        throw core::Error(core::ErrorText{
            .what = "mappings of a virtual dataset are damaged", .where = where, .why = why});
    }
}

} // namespace morphogen::store::hdf5
