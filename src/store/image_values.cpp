#include "store/image_values.hpp"

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"

#include "store/hdf5/superblock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace morphogen::store {
namespace {

using core::Index;
namespace fs = std::filesystem;

/// Finding a chunk takes HDF5 1.10 a search through all of them: beyond this many it is cheaper to
/// let it read.
constexpr std::uint64_t most_chunks = 64;

[[noreturn]] void fail_stacking(const char* what, const fs::path& file, const std::string& dataset,
                                const std::string& why) {
    const std::string where = fmt::format("{}, {}", file.native(), dataset);
    throw core::Error(core::ErrorText{.what = what, .where = where, .why = why});
}

hdf5::Dataset open_existing(const hdf5::File& file, const fs::path& path, const std::string& name) {
    if (name.empty() || !hdf5::exists(file.get(), name.c_str()))
        fail_stacking("no such dataset", path, name, "the file does not have it");
    return hdf5::open_dataset(file.get(), name.c_str());
}

/// What is behind a run's committed frames may be unfinished.
void leave_out(SmallDataset& data, Index frames) {
    data.left_out = std::max<Index>(data.shape.front() - frames, 0);
    data.shape.front() -= data.left_out;
}

std::vector<codec::Hdf5Filter> hdf5_filters_of(const hdf5::Properties& creation) {
    const int count =
        hdf5::call("H5Pget_nfilters", {}, [&] { return H5Pget_nfilters(creation.get()); });
    std::vector<codec::Hdf5Filter> filters(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        unsigned flags = 0;
        std::array<unsigned, 32> values{};
        std::size_t size = values.size();
        auto& filter = filters[static_cast<std::size_t>(i)];
        filter.id = static_cast<unsigned>(hdf5::call("H5Pget_filter", {}, [&] {
            return H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &size,
                                  values.data(), 0, nullptr, nullptr);
        }));
        size = std::min(size, values.size());
        filter.optional = (flags & H5Z_FLAG_OPTIONAL) != 0;
        filter.values.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size));
    }
    return filters;
}

void add_chunk(OpenDataset& open, std::size_t image_bytes, haddr_t address, hsize_t length,
               unsigned mask, std::span<const hsize_t> origin) {
    if (address > image_bytes || length > image_bytes - address)
        fail_stacking("damaged chunk", open.file, open.name,
                      fmt::format("offset {}, length {}: the file has {} bytes", address, length,
                                  image_bytes));
    ImageChunk chunk{address, length, mask, {}};
    std::copy(origin.begin(), origin.end(), chunk.origin.begin());
    open.found.chunks.push_back(chunk);
}

void find_contiguous(OpenDataset& open, std::size_t image_bytes) {
    const int outside = hdf5::call("H5Pget_external_count", {},
                                   [&] { return H5Pget_external_count(open.creation.get()); });
    const haddr_t address = H5Dget_offset(open.dataset.get());
    if (outside > 0 || address == HADDR_UNDEF) return;
    open.found.chunk = open.found.shape;
    add_chunk(open, image_bytes, address, open.found.raw_bytes(), 0, {});
}

/// The address of the chunk at @p origin; false: it was never written, or the library will not say.
bool find_chunk(OpenDataset& open, std::size_t image_bytes, std::span<const hsize_t> origin) {
    unsigned mask = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t length = 0;
    hdf5::call("H5Dget_chunk_info_by_coord", {.object = open.dataset.get()}, [&] {
        return H5Dget_chunk_info_by_coord(open.dataset.get(), origin.data(), &mask, &address,
                                          &length);
    });
    if (address == HADDR_UNDEF) return false;
    add_chunk(open, image_bytes, address, length, mask, origin);
    return true;
}

/// Steps @p origin to the next chunk, the last axis fastest; false after the last one.
bool next_chunk(std::vector<hsize_t>& origin, const SmallDataset& data) {
    for (std::size_t axis = origin.size(); axis-- > 0;) {
        origin[axis] += static_cast<hsize_t>(data.chunk[axis]);
        if (origin[axis] < static_cast<hsize_t>(data.shape[axis])) return true;
        origin[axis] = 0;
    }
    return false;
}

} // namespace

OpenDataset open_values(const FileReader& reader, const std::string& name, Index most_frames) {
    const fs::path& path = reader.path();
    OpenDataset open{path, name, open_existing(reader.file(), path, name), {}, {}, {}};
    const auto type = stored_type(hdf5::type_of(open.dataset));
    if (!type) fail_stacking("not numbers", path, name, "only integers and floats can be stacked");
    open.type = *type;
    open.creation = hdf5::creation_of(open.dataset);
    const hdf5::Space space = hdf5::space_of(open.dataset);
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL)
        fail_stacking("no values", path, name, "its dataspace is empty");
    for (const hsize_t n : hdf5::shape_of(space))
        open.found.shape.push_back(core::checked_cast<Index>(n));
    if (open.found.shape.size() >= max_axes)
        fail_stacking(
            "too many axes", path, name,
            fmt::format("it has {}, {} can be stacked", open.found.shape.size(), max_axes - 1));
    open.found.type = type->type;
    open.found.swapped = type->swapped;
    if (const auto frames = reader.frames_of(name); frames && !open.found.shape.empty())
        leave_out(open.found, std::min(*frames, most_frames));
    return open;
}

bool begins_at_zero(std::span<const std::byte> image) {
    return hdf5::superblock_in({reinterpret_cast<const char*>(image.data()), image.size()}) == 0;
}

void find_chunks(OpenDataset& open, std::size_t image_bytes) {
    SmallDataset& data = open.found;
    unsigned options = 0;
    hdf5::call("H5Pget_chunk_opts", {},
               [&] { return H5Pget_chunk_opts(open.creation.get(), &options); });
    std::vector<hsize_t> chunk(data.shape.size());
    hdf5::call("H5Pget_chunk", {}, [&] {
        return H5Pget_chunk(open.creation.get(), static_cast<int>(chunk.size()), chunk.data());
    });
    std::uint64_t count = 1;
    for (std::size_t a = 0; a < chunk.size(); ++a) {
        data.chunk.push_back(core::checked_cast<Index>(chunk[a]));
        const auto cells = static_cast<std::uint64_t>(data.shape[a]);
        const std::uint64_t along = cells / chunk[a] + (cells % chunk[a] != 0 ? 1 : 0);
        count *= std::min(along, most_chunks + 1);
        if (count > most_chunks) count = most_chunks + 1;
    }
    // Some files leave partial chunks at the edges unfiltered.
    if (options != 0 || count == 0 || count > most_chunks) return;
    data.filters = hdf5_filters_of(open.creation);
    if (!codec::ChunkDecoder::supports(data.filters)) return;
    std::vector<hsize_t> origin(chunk.size(), 0);
    do
        if (!find_chunk(open, image_bytes, origin)) {
            data.chunks.clear();
            return;
        }
    while (next_chunk(origin, data));
}

void find_values(OpenDataset& open, std::span<const std::byte> image) {
    if (!open.type.exact || !begins_at_zero(image)) return;
    switch (H5Pget_layout(open.creation.get())) {
    case H5D_CONTIGUOUS:
        return find_contiguous(open, image.size());
    case H5D_CHUNKED:
        return find_chunks(open, image.size());
    default:
        return;
    }
}

void read_values(const OpenDataset& open, std::span<std::byte> values) {
    if (values.size() != open.found.raw_bytes())
        fail_stacking("dataset of another size", open.file, open.name,
                      fmt::format("it has {} bytes, {} were expected", open.found.raw_bytes(),
                                  values.size()));
    const std::vector<hsize_t> shape(open.found.shape.begin(), open.found.shape.end());
    const hdf5::Space place = hdf5::space_of(open.dataset);
    if (open.found.left_out > 0)
        hdf5::select_box(place, std::vector<hsize_t>(shape.size(), 0), shape);
    const hdf5::Space dense =
        shape.empty() ? hdf5::space_of(open.dataset) : hdf5::simple_space(shape);
    hdf5::read(open.dataset, memory_type(open.found.type), dense, place, values.data());
}

bool lies_elsewhere(const OpenDataset& open) {
    return H5Pget_layout(open.creation.get()) == H5D_VIRTUAL ||
           H5Pget_external_count(open.creation.get()) > 0;
}

} // namespace morphogen::store
