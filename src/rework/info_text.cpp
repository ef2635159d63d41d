#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/rework/info.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

/// How a FileDescription looks.
namespace morphogen::rework {
namespace {

using core::Index;

std::string joined(const std::vector<Index>& numbers, std::string_view none) {
    if (numbers.empty()) return std::string(none);
    return fmt::format("{}", fmt::join(numbers, " x "));
}

/// "shuffle, deflate 1": the level is what people look for; other values go into the JSON.
std::string filter_text(const store::DatasetInfo& dataset) {
    constexpr unsigned deflate = 1;
    constexpr unsigned zstd = 32015;
    std::string text;
    for (const store::FilterInfo& filter : dataset.filters) {
        if (!text.empty()) text += ", ";
        text += filter.name.empty() ? fmt::format("filter {}", filter.id) : filter.name;
        if ((filter.id == deflate || filter.id == zstd) && !filter.values.empty())
            text += fmt::format(" {}", filter.values.front());
    }
    return text.empty() ? "-" : text;
}

/// "1 rank", "4 ranks".
std::string counted(std::string_view number, std::string_view noun) {
    return fmt::format("{} {}{}", number, noun, number == "1" ? "" : "s");
}

/// Whether stored bytes tell how well something was compressed: else they tell how many chunks are
/// begun.
bool has_ratio(const store::DatasetInfo& dataset) {
    const bool compressed =
        !dataset.filters.empty() || dataset.layout == store::DataLayout::assembled;
    return compressed && dataset.stored_bytes > 0;
}

std::string layout_text(const store::DatasetInfo& dataset) {
    if (dataset.layout == store::DataLayout::chunked) return joined(dataset.chunk, "-");
    if (dataset.layout == store::DataLayout::assembled)
        return "virtual, " + counted(std::to_string(dataset.sources.size()), "file");
    return std::string(store::name_of(dataset.layout));
}

/// Rows of equally many cells as aligned columns; the last @p numbers columns to the right.
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t numbers) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t c = 0; c < row.size(); ++c)
            widths[c] = std::max(widths[c], row[c].size());
    std::string text;
    for (const auto& row : rows) {
        std::string line = "  ";
        for (std::size_t c = 0; c < row.size(); ++c)
            line += c + numbers < row.size() ? fmt::format("{:<{}}  ", row[c], widths[c])
                                             : fmt::format("{:>{}}  ", row[c], widths[c]);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string state_text(const FileDescription& d) {
    if (!d.is_run)
        return d.is_open ? "an HDF5 file, open for writing or left by a kill" : "an HDF5 file";
    if (d.is_open) return "a run, still writing or killed";
    if (d.outcome.exit.empty()) return "a run's frames";
    return d.outcome.error.empty() ? fmt::format("a run, {}", d.outcome.exit)
                                   : fmt::format("a run, {}: {}", d.outcome.exit, d.outcome.error);
}

std::string entry(const store::Launch& launch, std::string_view key) {
    for (const auto& [name, value] : launch.entries)
        if (name == key) return value;
    return "?";
}

std::string launch_text(const store::Launch& launch) {
    return fmt::format("  {}  {}  {}, {} of {} + {} threads, {}, morphogen {} ({})", launch.name,
                       entry(launch, "time"), entry(launch, "host"),
                       counted(entry(launch, "ranks"), "rank"), entry(launch, "compute_threads"),
                       entry(launch, "io_threads"), entry(launch, "isa"), entry(launch, "version"),
                       entry(launch, "revision"));
}

std::string checkpoint_text(const CheckpointInfo& c) {
    if (!c.problem.empty()) return fmt::format("  step {}  damaged: {}\n", c.step, c.problem);
    return fmt::format("  step {}  {}  {}, after {}{}\n", c.step, core::format_size(c.bytes),
                       counted(std::to_string(c.ranks), "rank"),
                       counted(std::to_string(c.frames), "frame"), c.is_latest ? "  latest" : "");
}

void write_checkpoints(core::JsonWriter& json, const FileDescription& d) {
    json.key("checkpoints").begin_array();
    for (const CheckpointInfo& c : d.checkpoints)
        json.begin_object(core::JsonLayout::line)
            .member("step", c.step)
            .member("bytes", c.bytes)
            .member("frames", c.frames)
            .member("ranks", c.ranks)
            .member("latest", c.is_latest)
            .member("problem", c.problem)
            .end_object();
    json.end_array();
}

void write_dataset(core::JsonWriter& json, const store::DatasetInfo& dataset) {
    json.begin_object().member("path", dataset.path).member("type", dataset.type);
    json.key("shape").values(dataset.shape).key("max_shape").values(dataset.max_shape);
    json.member("layout", store::name_of(dataset.layout));
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
    json.key("ratio");
    has_ratio(dataset) ? json.value(dataset.ratio()) : json.null();
    json.end_object();
}

void write_links(core::JsonWriter& json, const FileDescription& d) {
    json.key("external_links").begin_array();
    for (const store::ExternalLink& link : d.external_links)
        json.begin_object(core::JsonLayout::line)
            .member("path", link.path)
            .member("file", link.file)
            .member("object", link.object)
            .end_object();
    json.end_array();
    json.key("unknown_links").begin_array();
    for (const std::string& link : d.unknown_links)
        json.value(link);
    json.end_array();
}

void write_run(core::JsonWriter& json, const FileDescription& d) {
    json.key("exit");
    d.outcome.exit.empty() ? json.null() : json.value(d.outcome.exit);
    json.member("error", d.outcome.error);
    for (const auto& [name, record] : {std::pair{"first", &d.first}, std::pair{"last", &d.last}}) {
        if (!*record) continue;
        json.key(name).begin_object(core::JsonLayout::line);
        json.member("step", (*record)->step).member("time", (*record)->time).end_object();
    }
    json.key("provenance").begin_array();
    for (const store::Launch& launch : d.launches) {
        json.begin_object().member("name", launch.name);
        for (const auto& [name, value] : launch.entries)
            json.member(name, value);
        json.end_object();
    }
    json.end_array();
    write_checkpoints(json, d);
}

} // namespace

std::string to_text(const FileDescription& d) {
    std::string text = fmt::format("{} ({}): {}\n", d.file.native(),
                                   core::format_size(d.file_bytes), state_text(d));
    if (d.frames) text += counted(std::to_string(*d.frames), "frame") + " committed";
    if (d.first && d.last)
        text += fmt::format(", steps {} to {}, time {} to {}", d.first->step, d.last->step,
                            d.first->time, d.last->time);
    if (d.frames) text += '\n';
    std::vector<std::vector<std::string>> rows{
        {"dataset", "shape", "type", "chunk", "filters", "raw", "stored", "ratio"}};
    for (const store::DatasetInfo& dataset : d.datasets)
        rows.push_back({core::single_line(dataset.path),
                        dataset.is_null ? "null" : joined(dataset.shape, "scalar"), dataset.type,
                        layout_text(dataset), filter_text(dataset),
                        core::format_size(dataset.raw_bytes()),
                        core::format_size(dataset.stored_bytes),
                        has_ratio(dataset) ? fmt::format("{:.2f}", dataset.ratio()) : "-"});
    text += '\n' + (d.datasets.empty() ? "  no datasets\n" : table(rows, 3));
    if (!d.external_links.empty()) text += "\nexternal links\n";
    for (const store::ExternalLink& link : d.external_links)
        text +=
            core::single_line(fmt::format("  {}  to {}, {}", link.path, link.file, link.object)) +
            '\n';
    if (!d.unknown_links.empty()) text += "\nlinks of another program's own kind\n";
    for (const std::string& link : d.unknown_links)
        text += core::single_line("  " + link) + '\n';
    if (!d.launches.empty()) text += "\nlaunches\n";
    for (const store::Launch& launch : d.launches)
        text += core::single_line(launch_text(launch)) + '\n';
    if (!d.checkpoints.empty()) text += "\ncheckpoints\n";
    for (const CheckpointInfo& checkpoint : d.checkpoints)
        text += checkpoint_text(checkpoint);
    return text;
}

std::string to_json(const FileDescription& d) {
    core::JsonWriter json;
    json.begin_object().member("path", d.file.native()).member("bytes", d.file_bytes);
    json.member("run", d.is_run).member("open_for_writing", d.is_open);
    json.key("frames");
    d.frames ? json.value(*d.frames) : json.null();
    if (d.is_run) write_run(json, d);
    json.key("datasets").begin_array();
    for (const store::DatasetInfo& dataset : d.datasets)
        write_dataset(json, dataset);
    json.end_array();
    write_links(json, d);
    json.key("problems").begin_array();
    for (const std::string& problem : d.problems)
        json.value(problem);
    json.end_array().end_object();
    return json.take();
}

} // namespace morphogen::rework
