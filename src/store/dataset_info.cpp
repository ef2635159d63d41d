#include "store/dataset_info.hpp"

#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"

#include "store/element_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace morphogen::store {
namespace {

using core::Index;
using hdf5::call;

std::vector<Index> signed_shape(const std::vector<hsize_t>& shape) {
    std::vector<Index> out;
    for (const hsize_t n : shape)
        out.push_back(n == H5S_UNLIMITED ? -1 : static_cast<Index>(n));
    return out;
}

DataLayout layout_of(const hdf5::Properties& creation) {
    switch (call("H5Pget_layout", {}, [&] { return H5Pget_layout(creation.get()); })) {
    case H5D_COMPACT:
        return DataLayout::compact;
    case H5D_CHUNKED:
        return DataLayout::chunked;
    case H5D_VIRTUAL:
        return DataLayout::assembled;
    default:
        return DataLayout::contiguous;
    }
}

std::vector<Index> chunk_of(const hdf5::Properties& creation, std::size_t axes) {
    std::vector<hsize_t> chunk(axes);
    call("H5Pget_chunk", {},
         [&] { return H5Pget_chunk(creation.get(), static_cast<int>(axes), chunk.data()); });
    return signed_shape(chunk);
}

bool leaves_edges_bare(const hdf5::Properties& creation) {
    unsigned options = 0;
    call("H5Pget_chunk_opts", {}, [&] { return H5Pget_chunk_opts(creation.get(), &options); });
    return (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;
}

/// What the file calls a filter; a writer without its plugin gave it no name. @p id as registered:
/// https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md
std::string filter_name(H5Z_filter_t id, const char* stored) {
    if (*stored != '\0') return stored;
    constexpr std::array<std::pair<H5Z_filter_t, std::string_view>, 10> known{{
        {307, "bzip2"},
        {32000, "lzf"},
        {32001, "blosc"},
        {32004, "lz4"},
        {32008, "bitshuffle"},
        {32013, "zfp"},
        {32015, "zstd"},
        {32017, "sz"},
        {32024, "sz3"},
        {32026, "blosc2"},
    }};
    for (const auto& [number, name] : known)
        if (number == id) return std::string(name);
    return {};
}

std::vector<FilterInfo> filters_of(const hdf5::Properties& creation) {
    const int count = call("H5Pget_nfilters", {}, [&] { return H5Pget_nfilters(creation.get()); });
    std::vector<FilterInfo> filters;
    for (int i = 0; i < count; ++i) {
        unsigned flags = 0;
        unsigned config = 0;
        std::array<unsigned, 32> values{};
        std::size_t size = values.size();
        std::array<char, 64> name{};
        const auto id = call("H5Pget_filter", {}, [&] {
            return H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &size,
                                  values.data(), name.size(), name.data(), &config);
        });
        name.back() = '\0';
        size = std::min(size, values.size());
        filters.push_back(
            {static_cast<unsigned>(id), filter_name(id, name.data()),
             std::vector<unsigned>(values.begin(),
                                   values.begin() + static_cast<std::ptrdiff_t>(size))});
    }
    return filters;
}

template <typename Get>
std::string text_from(const char* function, Get&& get) {
    const auto length =
        call(function, {}, [&] { return get(static_cast<char*>(nullptr), std::size_t{0}); });
    std::string text(static_cast<std::size_t>(length) + 1, '\0');
    call(function, {}, [&] { return get(text.data(), text.size()); });
    text.pop_back();
    return text;
}

} // namespace

ObjectId object_id(hid_t object) {
    H5O_info_t info{};
    call("H5Oget_info", {.object = object},
         [&] { return H5Oget_info2(object, &info, H5O_INFO_BASIC); });
    return {.file = info.fileno, .address = info.addr};
}

namespace {

/// What a mapping covers.
void find_extent(VirtualSource& source, const hdf5::Properties& creation, std::size_t i) {
    const hdf5::Space space(call("H5Pget_virtual_vspace", {},
                                 [&] { return H5Pget_virtual_vspace(creation.get(), i); }));
    std::array<hsize_t, H5S_MAX_RANK> start{};
    std::array<hsize_t, H5S_MAX_RANK> stride{};
    std::array<hsize_t, H5S_MAX_RANK> count{};
    std::array<hsize_t, H5S_MAX_RANK> block{};
    if (H5Sget_select_type(space.get()) != H5S_SEL_HYPERSLABS ||
        H5Sis_regular_hyperslab(space.get()) <= 0)
        return;
    call("H5Sget_regular_hyperslab", {}, [&] {
        return H5Sget_regular_hyperslab(space.get(), start.data(), stride.data(), count.data(),
                                        block.data());
    });
    source.first = static_cast<core::Index>(start[0]);
    if (count[0] != H5S_UNLIMITED && block[0] != H5S_UNLIMITED)
        source.count = (count[0] - 1) * stride[0] + block[0];
    const auto rank =
        static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space.get()), 1));
    for (std::size_t a = 1; a < rank; ++a) {
        source.lo.push_back(static_cast<core::Index>(start[a]));
        source.hi.push_back(
            static_cast<core::Index>(start[a] + (count[a] - 1) * stride[a] + block[a]));
    }
}

} // namespace

std::vector<VirtualSource> virtual_sources(const hdf5::Properties& creation) {
    std::size_t count = 0;
    call("H5Pget_virtual_count", {}, [&] { return H5Pget_virtual_count(creation.get(), &count); });
    std::vector<VirtualSource> sources;
    for (std::size_t i = 0; i < count; ++i) {
        VirtualSource& source = sources.emplace_back();
        source.file = text_from("H5Pget_virtual_filename", [&](char* out, std::size_t n) {
            return H5Pget_virtual_filename(creation.get(), i, out, n);
        });
        source.dataset = text_from("H5Pget_virtual_dsetname", [&](char* out, std::size_t n) {
            return H5Pget_virtual_dsetname(creation.get(), i, out, n);
        });
        find_extent(source, creation, i);
    }
    return sources;
}

std::string type_name(const hdf5::Type& type) {
    const H5T_class_t kind = H5Tget_class(type.get());
    const std::size_t bits = 8 * H5Tget_size(type.get());
    const bool big = bits > 8 && H5Tget_order(type.get()) == H5T_ORDER_BE;
    const char* order = big ? " big-endian" : "";
    switch (kind) {
    case H5T_FLOAT: {
        const bool is_brain = element_type_of(type).kind == ElementType::Kind::brain_floating;
        return fmt::format("{}float{}{}", is_brain ? "b" : "", bits, order);
    }
    case H5T_INTEGER:
        return fmt::format("{}{}{}", H5Tget_sign(type.get()) == H5T_SGN_NONE ? "uint" : "int", bits,
                           order);
    case H5T_STRING:
        return "string";
    case H5T_COMPOUND:
        return "compound";
    case H5T_ENUM:
        return "enum";
    case H5T_REFERENCE:
        return "reference";
    case H5T_ARRAY:
        return "array";
    case H5T_VLEN:
        return "variable-length";
    default:
        return "opaque";
    }
}

std::string_view name_of(DataLayout layout) noexcept {
    switch (layout) {
    case DataLayout::compact:
        return "compact";
    case DataLayout::contiguous:
        return "contiguous";
    case DataLayout::chunked:
        return "chunked";
    case DataLayout::assembled:
        return "virtual";
    }
    return "";
}

std::uint64_t DatasetInfo::raw_bytes() const noexcept {
    std::uint64_t bytes = is_null ? 0 : element_size;
    for (const Index n : shape)
        if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(n), &bytes)) return UINT64_MAX;
    return bytes;
}

bool DatasetInfo::is_nearly_all_fill() const noexcept {
    constexpr std::uint64_t quickly_read = std::uint64_t{64} << 20;
    constexpr std::uint64_t beyond_codecs = 4096; // deflate's limit is 1032
    if (layout == DataLayout::assembled || raw_bytes() <= quickly_read) return false;
    if (layout == DataLayout::contiguous) return stored_bytes == 0; // all of it, or nothing
    return stored_bytes < raw_bytes() / beyond_codecs;
}

bool DatasetInfo::has_blocks() const noexcept {
    return !is_variable && !shape.empty() &&
           shape.size() <= static_cast<std::size_t>(core::Dims::max_rank);
}

double DatasetInfo::ratio() const noexcept {
    return stored_bytes == 0 ? 0.0
                             : static_cast<double>(raw_bytes()) / static_cast<double>(stored_bytes);
}

DatasetInfo describe_dataset(const hdf5::Dataset& dataset, const std::string& path) {
    DatasetInfo info;
    info.path = path;
    info.id = object_id(dataset.get());
    const hdf5::Space space = hdf5::space_of(dataset);
    info.shape = signed_shape(hdf5::shape_of(space));
    info.max_shape = signed_shape(hdf5::max_shape_of(space));
    const hdf5::Type type = hdf5::type_of(dataset);
    info.type = type_name(type);
    const H5T_class_t kind = H5Tget_class(type.get());
    info.is_numeric = kind == H5T_FLOAT || kind == H5T_INTEGER;
    info.is_variable = refers_elsewhere(type);
    info.is_text = info.type == "string" && info.is_variable;
    info.is_null = H5Sget_simple_extent_type(space.get()) == H5S_NULL;
    info.element_size = H5Tget_size(type.get());
    const hdf5::Properties creation = hdf5::creation_of(dataset);
    info.layout = layout_of(creation);
    info.filters = filters_of(creation);
    info.external = call("H5Pget_external_count", {},
                         [&] { return H5Pget_external_count(creation.get()); }) > 0;
    if (info.layout == DataLayout::chunked) {
        info.chunk = chunk_of(creation, info.shape.size());
        info.bare_edges = leaves_edges_bare(creation);
    }
    if (info.layout == DataLayout::assembled)
        for (auto& source : virtual_sources(creation))
            if (std::find(info.sources.begin(), info.sources.end(), source.file) ==
                info.sources.end())
                info.sources.push_back(std::move(source.file));
    info.stored_bytes = hdf5::stored_bytes(dataset);
    return info;
}

} // namespace morphogen::store
