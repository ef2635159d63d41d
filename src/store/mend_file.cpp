#include "store/mend_file.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/reader.hpp"

#include "store/file_update.hpp"
#include "store/frames_look.hpp"
#include "store/hdf5/overlay_driver.hpp"
#include "store/hdf5/superblock.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

std::vector<hsize_t> chunk_of(const hdf5::Dataset& data) {
    std::vector<hsize_t> chunk(hdf5::shape_of(data).size());
    const auto creation = hdf5::creation_of(data);
    hdf5::call("H5Pget_chunk", {.object = data.get()}, [&] {
        return H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
    });
    return chunk;
}

/// Calls use(offset) for every chunk that holds entries [from, to) of the first axis.
template <typename Use>
void for_each_chunk(const hdf5::Dataset& data, hsize_t from, hsize_t to, Use&& use) {
    const auto shape = hdf5::shape_of(data);
    const auto chunk = chunk_of(data);
    std::vector<hsize_t> at(shape.size(), 0);
    for (at[0] = from / chunk[0] * chunk[0]; at[0] < std::min(to, shape[0]);) {
        use(at);
        std::size_t axis = shape.size() - 1;
        for (; axis > 0; --axis) {
            at[axis] += chunk[axis];
            if (at[axis] < shape[axis]) break;
            at[axis] = 0;
        }
        if (axis == 0) at[0] += chunk[0];
    }
}

hsize_t stored_bytes_at(const hdf5::Dataset& data, const std::vector<hsize_t>& at) {
    hsize_t bytes = 0;
    hdf5::call("H5Dget_chunk_storage_size", {.object = data.get()},
               [&] { return H5Dget_chunk_storage_size(data.get(), at.data(), &bytes); });
    return bytes;
}

/// Looks at the chunks of entries [from, to): they are there; @p read: and their bytes too, as far
/// as the driver can tell.
void check_chunks(const hdf5::Dataset& data, Index from, Index to, bool read) {
    if (H5Pget_layout(hdf5::creation_of(data).get()) != H5D_CHUNKED) return;
    std::vector<std::byte> buffer;
    for_each_chunk(data, static_cast<hsize_t>(from), static_cast<hsize_t>(to), [&](const auto& at) {
        const hsize_t bytes = stored_bytes_at(data, at);
        if (!read) return;
        buffer.resize(std::max<std::size_t>(buffer.size(), bytes));
        std::uint32_t mask = 0;
        hdf5::call("H5Dread_chunk", {.object = data.get()}, [&] {
            return H5Dread_chunk(data.get(), H5P_DEFAULT, at.data(), &mask, buffer.data());
        });
    });
}

std::vector<std::string> datasets_by_frame(const std::vector<core::Field>& fields) {
    std::vector<std::string> names = column_names(fields);
    for (const core::Field field : fields)
        names.emplace_back(core::name_of(field));
    return names;
}

void check(const fs::path& path, Index frames, bool is_cut) {
    hdf5::Pages nothing_written;
    const hdf5::Properties access = hdf5::file_access();
    hdf5::set_overlay_driver(access, path, nothing_written);
    const hdf5::File file = hdf5::open_file(path, hdf5::Mode::read_swmr, access);
    for (const std::string& name : datasets_by_frame(look_at_frames(file).format.fields)) {
        if (!hdf5::exists(file.get(), name.c_str())) continue;
        const auto data = hdf5::open_dataset(file.get(), name.c_str());
        // As long as its sources are: they are judged themselves.
        if (H5Pget_layout(hdf5::creation_of(data).get()) == H5D_VIRTUAL) continue;
        if (static_cast<Index>(hdf5::shape_of(data).front()) < frames)
            throw core::Error(core::ErrorText{
                .what = "a dataset is shorter than the committed frames", .where = name});
        if (frames > 0) check_chunks(data, is_cut ? 0 : frames - 1, frames, is_cut);
    }
    if (hdf5::take_read_past_end())
        throw core::Error(core::ErrorText{.what = "the file is cut short",
                                          .why = "committed frames lie beyond its end"});
}

} // namespace

std::string why_not_sound(const fs::path& path, Index frames) {
    try {
        const auto mark = hdf5::read_mark(path);
        check(path, frames, mark && mark->size < mark->end);
        return {};
    } catch (const core::Error& error) {
        return error.what();
    }
}

void clear_writers_mark(const fs::path& path) {
    const auto mark = hdf5::read_mark(path);
    if (!mark || !mark->writing) return;
    // Where a kill came between the last metadata and the file's own growth. First this: a file
    // without a mark that is too short does not open.
    if (mark->size < mark->end && ::truncate(path.c_str(), static_cast<off_t>(mark->end)) != 0) {
        const std::string why = core::errno_text(errno);
        throw core::Error(
            core::ErrorText{.what = "cannot lengthen file", .where = path.native(), .why = why});
    }
    hdf5::sync_file(path); // what the killed writer left to the system
    // Blocks that the metadata know may lie beyond the end that the superblock knows: nothing new
    // may ever be put over them.
    hdf5::clear_mark(path, std::max(mark->size, mark->end));
    hdf5::sync_file(path);
}

void cut_frames(const fs::path& path, Index frames) {
    update_file(path, core::Durability::synced, [&](const hdf5::File& file) {
        for (const std::string& name : datasets_by_frame(look_at_frames(file).format.fields)) {
            if (!hdf5::exists(file.get(), name.c_str())) continue;
            const auto data = hdf5::open_dataset(file.get(), name.c_str());
            if (H5Pget_layout(hdf5::creation_of(data).get()) != H5D_CHUNKED) continue;
            auto shape = hdf5::shape_of(data);
            if (shape.front() <= static_cast<hsize_t>(frames)) continue;
            shape.front() = static_cast<hsize_t>(frames);
            hdf5::resize(data, shape);
        }
    });
}

} // namespace morphogen::store
