#include "morphogen/rework/info.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/store/run_directory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

namespace morphogen::rework {
namespace {

using store::DatasetInfo;

/// "100 x 270 x 480"; a scalar is "scalar".
std::string shape_text(const std::vector<core::Index>& shape) {
    return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, " x "));
}

std::string filters_text(const DatasetInfo& dataset) {
    std::vector<std::string> texts;
    for (const store::FilterInfo& filter : dataset.filters) {
        std::string text = filter.name.empty() ? fmt::format("filter {}", filter.id) : filter.name;
        const bool has_level = filter.id == 1 || filter.id == 32015; // deflate, zstd
        if (has_level && !filter.values.empty()) text += fmt::format(":{}", filter.values.front());
        texts.push_back(text);
    }
    return fmt::format("{}", fmt::join(texts, ", "));
}

std::string storage_text(const DatasetInfo& dataset) {
    if (dataset.layout == store::DataLayout::assembled)
        return fmt::format("virtual, from {} file(s)", dataset.sources.size());
    if (dataset.layout != store::DataLayout::chunked) return std::string(name_of(dataset.layout));
    std::string text = fmt::format("chunks {}", shape_text(dataset.chunk));
    if (!dataset.filters.empty()) text += fmt::format(", {}", filters_text(dataset));
    return text;
}

std::string size_text(const DatasetInfo& dataset) {
    std::string text = core::format_size(dataset.raw_bytes());
    if (dataset.ratio() > 0.0 && dataset.stored_bytes != dataset.raw_bytes())
        text += fmt::format(", ratio {:.2f}", dataset.ratio());
    return text;
}

void write_dataset(core::JsonWriter& json, const DatasetInfo& dataset) {
    json.begin_object();
    json.member("path", dataset.path).member("type", dataset.type);
    json.key("shape").values(dataset.shape);
    json.key("max_shape").values(dataset.max_shape);
    json.member("layout", name_of(dataset.layout));
    json.key("chunk").values(dataset.chunk);
    json.key("filters").begin_array();
    for (const store::FilterInfo& filter : dataset.filters) {
        json.begin_object(core::JsonLayout::line)
            .member("id", filter.id)
            .member("name", filter.name);
        json.key("values").values(filter.values).end_object();
    }
    json.end_array();
    json.key("sources").values(dataset.sources);
    json.member("raw_bytes", dataset.raw_bytes()).member("stored_bytes", dataset.stored_bytes);
    json.member("ratio", dataset.ratio());
    json.end_object();
}

} // namespace

FileDescription describe(const std::filesystem::path& path) {
    FileDescription d;
    d.path = std::filesystem::is_directory(path) ? store::RunDirectory{path}.frames() : path;
    const store::FileReader reader(d.path);
    std::error_code ignored;
    d.bytes = std::filesystem::file_size(d.path, ignored);
    d.open_for_writing = reader.is_swmr();
    d.frames = reader.frames();
    d.datasets = reader.datasets();
    d.launches = reader.launches();
    return d;
}

std::string to_text(const FileDescription& d) {
    std::string text = fmt::format("{}: {}", d.path.native(), core::format_size(d.bytes));
    if (d.frames) text += fmt::format(", {} frames", *d.frames);
    if (d.open_for_writing) text += ", being written (or its run was killed)";
    text += "\n\n";
    std::size_t names = 0;
    std::size_t shapes = 0;
    for (const DatasetInfo& dataset : d.datasets) {
        names = std::max(names, dataset.path.size());
        shapes = std::max(shapes, shape_text(dataset.shape).size());
    }
    for (const DatasetInfo& dataset : d.datasets)
        text += fmt::format("{:<{}}  {:<{}}  {:<8}  {} ({})\n", dataset.path, names,
                            shape_text(dataset.shape), shapes, dataset.type, size_text(dataset),
                            storage_text(dataset));
    for (const store::Launch& launch : d.launches) {
        text += fmt::format("\nlaunch {}\n", launch.name);
        for (const auto& [name, value] : launch.entries)
            if (value.find('\n') == std::string::npos)
                text += fmt::format("  {:<16} {}\n", name, value);
    }
    return text;
}

std::string to_json(const FileDescription& d) {
    core::JsonWriter json;
    json.begin_object();
    json.member("path", d.path.native()).member("bytes", d.bytes);
    json.key("frames");
    d.frames ? json.value(*d.frames) : json.null();
    json.member("open_for_writing", d.open_for_writing);
    json.key("datasets").begin_array();
    for (const DatasetInfo& dataset : d.datasets)
        write_dataset(json, dataset);
    json.end_array();
    json.key("provenance").begin_array();
    for (const store::Launch& launch : d.launches) {
        json.begin_object().member("name", launch.name);
        for (const auto& [name, value] : launch.entries)
            json.member(name, value);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.take();
}

} // namespace morphogen::rework
