#include "store/hdf5/file_end.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/whole_io.hpp"
#include "morphogen/store/hdf5/file.hpp"

#include "store/hdf5/steadfast_file.hpp"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace morphogen::store::hdf5 {
namespace {

/// Over when the call is, however it ends.
class Announcement {
public:
    Announcement(SteadfastFile& file, ChunkPlace place) : file_(file) {
        file_.announced = {.place = place};
    }
    ~Announcement() { file_.announced = {}; }
    Announcement(const Announcement&) = delete;
    Announcement& operator=(const Announcement&) = delete;

private:
    SteadfastFile& file_;
};

} // namespace

FileEnd::FileEnd(const File& file, std::filesystem::path path)
    : file_(&steadfast_file(descriptor_of(file))), path_(std::move(path)) {}

bool allocates_by_driver(const File& file) {
    const Properties creation(call("H5Fget_create_plist", {.object = file.get()},
                                   [&] { return H5Fget_create_plist(file.get()); }));
    H5F_fspace_strategy_t strategy{};
    hbool_t persists = 0;
    hsize_t threshold = 0;
    call("H5Pget_file_space_strategy", {.object = file.get()}, [&] {
        return H5Pget_file_space_strategy(creation.get(), &strategy, &persists, &threshold);
    });
    return strategy != H5F_FSPACE_STRATEGY_PAGE && !persists;
}

std::optional<ChunkPlace> FileEnd::try_append(std::span<const std::byte> stored) noexcept {
    const std::unique_lock held(file_->end, std::try_to_lock);
    ChunkPlace place;
    if (!held.owns_lock() || write(stored, place) != 0) return std::nullopt;
    return place;
}

ChunkPlace FileEnd::append(std::span<const std::byte> stored) {
    const auto held = lock();
    ChunkPlace place;
    const int failed = write(stored, place);
    if (failed != 0) fail(failed);
    return place;
}

/// After a failure the end is where it was: earlier frames may still have to be counted.
int FileEnd::write(std::span<const std::byte> stored, ChunkPlace& place) noexcept {
    file_->is_shared.store(true, std::memory_order_relaxed);
    const auto address = file_->take_at_end(stored.size());
    if (!address) return EFBIG;
    place = {*address, stored.size()};
    const int failed = core::write_whole(file_->descriptor, stored, place.address);
    if (failed != 0) file_->give_back(place.address);
    return failed;
}

void FileEnd::enter_chunk(const Dataset& dataset, std::span<const hsize_t> offset,
                          ChunkPlace place) {
    MORPHOGEN_EXPECT(file_->end.is_held());
    const Announcement announcement(*file_, place);
    call("H5Dwrite_chunk", {.object = dataset.get()}, [&] {
        return H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, 0, offset.data(), place.bytes,
                              file_->unread(place.bytes));
    });
    const auto wanted_at = file_->announced.wanted_at;
    if (!wanted_at)
        throw core::Error(core::ErrorText{.what = "cannot enter chunk",
                                          .where = describe({.object = dataset.get()}),
                                          .why = "HDF5 did not write it"});
    if (*wanted_at != place.address) copy(place, *wanted_at);
}

void FileEnd::copy(ChunkPlace place, std::uint64_t to) {
    std::vector<std::byte> bytes(place.bytes);
    errno = 0;
    if (core::read_whole(file_->descriptor, bytes, place.address) !=
        static_cast<std::int64_t>(bytes.size()))
        fail(errno != 0 ? errno : EIO); // cut short by somebody else
    const int failed = core::write_whole(file_->descriptor, bytes, to);
    if (failed != 0) fail(failed);
}

void FileEnd::fail(int code) const {
    const std::string why = core::errno_text(code);
    throw core::Error(core::ErrorText{.what = "cannot write chunk",
                                      .where = path_.native(),
                                      .why = why,
                                      .advice = advice_for(why)});
}

} // namespace morphogen::store::hdf5
