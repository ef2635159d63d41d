#include "store/resume_plan.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/schema.hpp"

#include "store/record_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace morphogen::store {
namespace {

using core::Index;

[[noreturn]] void refuse(const RunDirectory& directory, const std::string& why,
                         std::string_view advice) {
    throw core::Error(core::ErrorText{.what = "the run cannot go on",
                                      .where = directory.root.native(),
                                      .why = why,
                                      .advice = advice});
}

void check_whole(const RunInventory& run, Index kept) {
    if (!run.updates.empty() || run.mark != Mark::closed)
        refuse(run.directory, "its files are marked as being written",
               "if no other run writes them, repair them");
    for (const SegmentState& segment : run.segments)
        for (const PartState& part : segment.parts)
            if (part.mark != Mark::closed)
                refuse(run.directory, part.path.native() + " is marked as being written",
                       "if no other run writes it, repair it; if that cannot be and it is of the "
                       "last segment, move the files of that segment and frames.h5 out of the "
                       "directory and resume: the segment is computed again");
    if (run.kind == FramesFile::missing && !run.segments.empty())
        refuse(run.directory, "frames.h5 is missing", "repair it");
    if (run.kind == FramesFile::unreadable) refuse(run.directory, run.problem, "repair it");
    if (!run.problems.empty())
        refuse(run.directory, run.problems.front(),
               "verify names all; if only files of the last segment are damaged, move them and "
               "frames.h5 out of the directory and resume: the segment is computed again");
    if (kept > run.committed)
        refuse(run.directory,
               fmt::format("{} frames are to stay, {} are committed", kept, run.committed),
               "repair it, or use an older checkpoint");
}

void check_kind(const RunInventory& run, const FrameLayout& layout) {
    FrameFormat wanted{layout.dims, layout.precision, layout.global, layout.fields, layout.spacing};
    std::sort(wanted.fields.begin(), wanted.fields.end());
    if (run.format == wanted) return;
    throw core::UsageError(core::ErrorText{
        .what = "the run cannot go on",
        .where = run.directory.root.native(),
        .why = "its frames have another grid, precision or other fields than the configuration",
        .advice = "resume it with these as they were, or begin a new run in another directory"});
}

bool has_form_of(const PartState& part, const FrameLayout& layout) {
    const FileReader reader(part.path, Access::plain, Sources::not_looked_at);
    for (const Launch& launch : reader.launches()) // another is to be added
        if (!launch.problem.empty()) return false;
    const auto filters = codec::hdf5_filters(layout.filters);
    for (const core::Field field : layout.fields) {
        const DatasetInfo info = reader.dataset("/" + std::string(core::name_of(field)));
        std::vector<Index> chunk{1};
        for (std::size_t a = 3 - static_cast<std::size_t>(layout.dims); a < 3; ++a)
            chunk.push_back(layout.chunk[a]);
        const auto same = [](const FilterInfo& a, const codec::Hdf5Filter& b) {
            return a.id == b.id && a.values == b.values;
        };
        if (info.chunk != chunk || !std::equal(info.filters.begin(), info.filters.end(),
                                               filters.begin(), filters.end(), same))
            return false;
    }
    return RecordTable::can_append_to(reader.file(), layout.fields);
}

bool can_go_on(const SegmentState& last, const FrameLayout& layout,
               const std::vector<core::Box>& blocks, int rank) {
    if (!last.is_whole || last.parts.size() != blocks.size()) return false;
    for (std::size_t r = 0; r < blocks.size(); ++r)
        if (last.parts[r].rank != static_cast<Index>(r) || last.parts[r].block != blocks[r] ||
            last.parts[r].layout != config::Layout::parts)
            return false;
    return has_form_of(last.parts[static_cast<std::size_t>(rank)], layout);
}

} // namespace

FrameLayout whole_layout(const FrameFormat& format) {
    FrameLayout layout;
    layout.dims = format.dims;
    layout.precision = format.precision;
    layout.global = format.global;
    layout.block = {{0, 0, 0}, format.global};
    layout.fields = format.fields;
    layout.spacing = format.spacing;
    return layout;
}

Segment as_source(const SegmentState& segment) {
    Segment source{segment.first_frame, {}};
    for (const PartState& part : segment.parts)
        source.parts.push_back(
            {schema::part_name(part.segment, static_cast<int>(part.rank)), part.block});
    return source;
}

SinkStart plan_resume(const RunInventory& run, const FrameLayout& layout,
                      const std::vector<core::Box>& blocks, int rank, config::Layout wanted,
                      Index frames_per_file, Index kept) {
    check_whole(run, kept);
    SinkStart start{.resumed = true, .kept = kept};
    start.is_virtual = run.kind == FramesFile::virtual_file;
    const SegmentState* const last = run.last();
    if (last == nullptr) {
        if (!run.begun.empty()) start.number = run.begun.back().number + 1;
        return start;
    }
    check_kind(run, layout);
    const bool full = frames_per_file > 0 && kept - last->first_frame >= frames_per_file;
    if (wanted == config::Layout::shared || full || kept < last->first_frame ||
        !can_go_on(*last, layout, blocks, rank))
        return in_new_segment(run, std::move(start));
    for (std::size_t s = 0; s + 1 < run.segments.size(); ++s)
        start.closed.push_back(as_source(run.segments[s]));
    start.number = last->number;
    start.first_frame = last->first_frame;
    start.goes_on = true;
    return start;
}

SinkStart in_new_segment(const RunInventory& run, SinkStart start) {
    start.goes_on = false;
    start.closed.clear();
    start.number = 0;
    for (const SegmentState& segment : run.segments) {
        if (segment.first_frame < start.kept) start.closed.push_back(as_source(segment));
        start.number = std::max(start.number, segment.number + 1);
    }
    for (const SegmentState& segment : run.begun)
        start.number = std::max(start.number, segment.number + 1);
    start.first_frame = start.kept;
    return start;
}

} // namespace morphogen::store
