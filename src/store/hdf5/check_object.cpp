#include "store/hdf5/check_object.hpp"

#include "morphogen/core/error.hpp"

#include "store/hdf5/dense_storage.hpp"
#include "store/hdf5/object_header.hpp"
#include "store/hdf5/superblock.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace morphogen::store::hdf5 {
namespace {

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

[[noreturn]] void throw_damage(hid_t parent, const std::string& path, const char* what,
                               const char* why) {
    const std::string where = describe({parent, path});
    throw core::Error(core::ErrorText{.what = what, .where = where, .why = why});
}

/// Of what a hard link of @p parent leads to; nothing where the library must follow the link.
std::optional<haddr_t> address_of(hid_t parent, const std::string& path) {
    const QuietErrors quiet;
    H5L_info_t link{};
    if (H5Lget_info(parent, path.c_str(), &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
        return std::nullopt;
    return link.u.address;
}

/// @returns what is_damaged() says in the end: beside a writer something may be met half written.
template <typename IsDamaged>
bool read_again_while_damaged(bool is_growing, IsDamaged&& is_damaged) {
    for (int attempt = 0; is_damaged(); ++attempt) {
        if (!is_growing || attempt == 20) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

ObjectHeader header_at(const RawFile& raw, haddr_t address, bool is_growing) {
    std::optional<ObjectHeader> header;
    read_again_while_damaged(is_growing, [&] {
        header.emplace(raw, address);
        return header->is_damaged();
    });
    return *std::move(header);
}

class Check {
public:
    Check(hid_t parent, const File& file, const RawFile& raw) : parent_(parent), raw_(raw) {
        unsigned intent = H5F_ACC_RDWR;
        const QuietErrors quiet;
        H5Fget_intent(file.get(), &intent);
        is_read_only_ = (intent & H5F_ACC_RDWR) == 0;
        is_growing_ = (intent & H5F_ACC_SWMR_READ) != 0;
    }

    /// @returns whether all of the path is in this file, by hard links
    bool follow(const std::string& path) const {
        Group group; // whose link is the next
        hid_t at = parent_;
        std::size_t begin = 0;
        for (std::size_t end = path.find('/', 1);; end = path.find('/', begin)) {
            const std::string part = path.substr(begin, end - begin);
            const auto address = address_of(at, part);
            if (!address) return false;
            if (end == std::string::npos) {
                look_at(path, *address);
                return true;
            }
            const std::string prefix = path.substr(0, end);
            look_at_group(prefix, *address);
            group = Group(call("H5Gopen", {parent_, prefix},
                               [&] { return H5Gopen2(at, part.c_str(), H5P_DEFAULT); }));
            at = group.get();
            begin = end + 1;
        }
    }

    void look_at(const std::string& path, haddr_t address) const {
        const ObjectHeader header = header_at(raw_, address, is_growing_);
        if (is_read_only_)
            if (const char* why = why_damaged(header))
                throw_damage(parent_, path, "an object's header is damaged", why);
        if (header.is_damaged()) return;
        if (is_read_only_ && is_damaged_dense(header))
            throw_damage(parent_, path, "where a group's links lie is damaged",
                         "a checksum says so");
        const auto& mappings = header.virtual_layout();
        if (!mappings || mappings->heap == undefined_address) return;
        if (const char* why = damage_of(raw_, *mappings))
            throw_damage(parent_, path, "mappings of a virtual dataset are damaged", why);
    }

private:
    static const char* why_damaged(const ObjectHeader& header) {
        if (header.is_damaged()) return "its checksum says so";
        if (header.is_half_a_dataset()) return "it describes data and not their shape or type";
        return nullptr;
    }

    /// Not of attributes: the data can be read without them, and the library tells.
    bool is_damaged_dense(const ObjectHeader& header) const {
        const auto& heap = header.link_heap();
        return heap && read_again_while_damaged(is_growing_, [&] {
                   bool is_damaged = is_damaged_heap(raw_, *heap);
                   for (const std::uint64_t tree : header.link_trees())
                       is_damaged |= is_damaged_tree(raw_, tree);
                   return is_damaged;
               });
    }

    /// The last one is not looked at again for each of its many objects: its header may be long. No
    /// two files that were ever open have the same number.
    void look_at_group(const std::string& path, haddr_t address) const {
        static std::pair<unsigned long, haddr_t> last; // touched by the thread that uses HDF5
        H5O_info_t info{};
        const QuietErrors quiet;
        const bool is_known = H5Oget_info2(parent_, &info, H5O_INFO_BASIC) >= 0;
        if (is_known && last == std::pair{info.fileno, address}) return;
        look_at(path, address);
        if (is_known && is_read_only_ && !is_growing_) last = {info.fileno, address};
    }

    hid_t parent_;
    const RawFile& raw_;
    bool is_read_only_ = false;
    bool is_growing_ = false;
};

} // namespace

void check_object(hid_t parent, const char* path) {
    const File file(H5Iget_file_id(parent));
    const auto raw = file.valid() ? RawFile::of(file.get()) : std::nullopt;
    if (!raw) return;
    const Check check(parent, file, *raw);
    if (check.follow(path)) return;
    // A failure must end here, before the second attempt.
    H5O_info_t info{};
    call("H5Oget_info_by_name", {parent, path},
         [&] { return H5Oget_info_by_name2(parent, path, &info, H5O_INFO_BASIC, H5P_DEFAULT); });
    const QuietErrors quiet;
    H5O_info_t here{};
    if (H5Oget_info2(parent, &here, H5O_INFO_BASIC) < 0 || here.fileno != info.fileno)
        return; // behind an external link: its address is one of another file
    check.look_at(path, info.addr);
}

void check_header(const File& file, const std::string& path, haddr_t address) {
    if (const auto raw = RawFile::of(file.get()))
        Check(file.get(), file, *raw).look_at(path, address);
}

void check_root(const File& file) {
    const auto raw = RawFile::of(file.get());
    if (!raw) return;
    const auto superblock = raw->read(0, superblock_bytes);
    const auto root = superblock ? root_in(*superblock) : std::nullopt;
    if (root) Check(file.get(), file, *raw).look_at("/", *root);
}

} // namespace morphogen::store::hdf5
