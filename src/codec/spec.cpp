#include "morphogen/codec/spec.hpp"

#include "morphogen/core/error.hpp"

#include "codec/block_codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace morphogen::codec {
namespace {

struct Known {
    std::string_view name;
    Compressor compressor;
    int max_level; // 0: the compressor has no level
};
constexpr std::array known{Known{"none", Compressor::none, 0},
                           Known{"deflate", Compressor::deflate, 9},
                           Known{"zstd", Compressor::zstd, 19}, Known{"lz4", Compressor::lz4, 0}};

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
    throw core::UsageError(core::ErrorText{
        .what = "not a codec",
        .where = text,
        .why = why,
        .advice =
            "use \"none\", \"deflate:1\" to \"deflate:9\", \"zstd:1\" to \"zstd:19\" or \"lz4\""});
}

std::string in_quotes(std::string_view text) {
    return std::string(1, '\'').append(text).append("'");
}

std::optional<int> parse_level(std::string_view text) {
    int level = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), level);
    if (status != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return level;
}

} // namespace

Codec parse_codec(std::string_view text) {
    const auto colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    const auto* entry =
        std::find_if(known.begin(), known.end(), [&](const Known& k) { return k.name == name; });
    if (entry == known.end()) refuse(text, "there is no compressor " + in_quotes(name));
    if (colon == std::string_view::npos) return {entry->compressor, entry->max_level > 0 ? 1 : 0};
    const std::string_view digits = text.substr(colon + 1);
    if (entry->max_level == 0) refuse(text, std::string(name) + " has no levels");
    const auto level = parse_level(digits);
    if (!level) refuse(text, in_quotes(digits) + " is not a level");
    if (*level < 1 || *level > entry->max_level)
        refuse(text, std::string(name) + " has levels 1 to " + std::to_string(entry->max_level));
    return {entry->compressor, *level};
}

std::string to_string(const Codec& codec) {
    for (const Known& k : known) {
        if (k.compressor != codec.compressor) continue;
        std::string text(k.name);
        if (k.max_level > 0) text.append(":").append(std::to_string(codec.level));
        return text;
    }
    return {}; // every compressor is in the table
}

std::vector<Hdf5Filter> hdf5_filters(const FilterPipeline& pipeline) {
    std::vector<Hdf5Filter> filters;
    // The numbers are those of the HDF5 File Format Specification (IV.A.2.l) and of The HDF Group's
    // registry.
    if (pipeline.shuffle)
        filters.push_back({2, true, {static_cast<unsigned>(pipeline.element_size)}, "shuffle"});
    const auto level = static_cast<unsigned>(pipeline.codec.level);
    switch (pipeline.codec.compressor) {
    case Compressor::none:
        break;
    case Compressor::deflate:
        filters.push_back({1, true, {level}, "deflate"});
        break;
    case Compressor::zstd:
        filters.push_back({32015, true, {level}, "zstd"});
        break;
    case Compressor::lz4:
        filters.push_back({32004, true, {lz4_block_bytes}, "lz4"});
        break;
    }
    if (pipeline.checksum) filters.push_back({3, false, {}, "fletcher32"});
    return filters;
}

std::optional<FilterPipeline> pipeline_of(std::span<const Hdf5Filter> filters,
                                          std::size_t element_size) {
    FilterPipeline pipeline{{Compressor::none, 0}, false, false, element_size};
    for (const Hdf5Filter& filter : filters) {
        const int level = filter.values.empty() ? 0 : static_cast<int>(filter.values.front());
        pipeline.shuffle |= filter.id == 2;
        pipeline.checksum |= filter.id == 3;
        if (filter.id == 1) pipeline.codec = {Compressor::deflate, level};
        if (filter.id == 32015) pipeline.codec = {Compressor::zstd, level};
        if (filter.id == 32004) pipeline.codec = {Compressor::lz4, 0};
    }
    const auto written = hdf5_filters(pipeline);
    const auto same = [](const Hdf5Filter& a, const Hdf5Filter& b) {
        return a.id == b.id && a.values == b.values;
    };
    if (!std::equal(filters.begin(), filters.end(), written.begin(), written.end(), same))
        return std::nullopt;
    return pipeline;
}

} // namespace morphogen::codec
