#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::codec {

enum class Compressor { none, deflate, zstd, lz4 };

/// A compressor and its level; level is 0 where the compressor has none.
struct Codec {
    Compressor compressor = Compressor::deflate;
    int level = 1;

    friend bool operator==(const Codec&, const Codec&) = default;
};

/// "none", "deflate:1".."deflate:9", "zstd:1".."zstd:19", "lz4"; a name without its level means
/// level 1.
/// @throws core::UsageError naming the text and what is allowed.
Codec parse_codec(std::string_view text);

/// The text that parse_codec reads back.
std::string to_string(const Codec& codec);

/// What happens to a chunk of elements, in this order: shuffle, compressor, fletcher32.
struct FilterPipeline {
    Codec codec;
    bool shuffle = true;
    bool checksum = true;
    std::size_t element_size = 4; // bytes

    friend bool operator==(const FilterPipeline&, const FilterPipeline&) = default;
};

/// One entry of an HDF5 filter pipeline message: the registered number and the client values that
/// HDF5 stores.
struct Hdf5Filter {
    unsigned id = 0;
    bool optional = false;
    std::vector<unsigned> values;
    std::string_view name;
};

/// The HDF5 filters (H5Pset_filter arguments, in order) whose inverse reads what ChunkEncoder
/// writes.
std::vector<Hdf5Filter> hdf5_filters(const FilterPipeline& pipeline);

/// The pipeline whose hdf5_filters() these are, by number and values; nothing for other programs'
/// filters.
std::optional<FilterPipeline> pipeline_of(std::span<const Hdf5Filter> filters,
                                          std::size_t element_size);

} // namespace morphogen::codec
