#include "morphogen/store/run_inventory.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/schema.hpp"

#include "store/dataset_info.hpp"
#include "store/frames_look.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

/// Segment and rank of "0000.0012.h5".
std::optional<std::pair<Index, Index>> numbers_of(std::string_view name) {
    std::pair<Index, Index> numbers;
    const char* const end = name.data() + name.size();
    const auto first = std::from_chars(name.data(), end, numbers.first);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, numbers.second);
    if (second.ec != std::errc() || std::string_view(second.ptr) != ".h5") return std::nullopt;
    return numbers;
}

/// Blocks that tile the grid: inside it, apart, and as many cells.
bool cover_grid(const std::vector<PartState>& parts) {
    Index cells = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const core::Box whole{{0, 0, 0}, parts[i].format.global};
        if (intersect(parts[i].block, whole) != parts[i].block) return false;
        cells += core::volume(parts[i].block.shape());
        for (std::size_t j = 0; j < i; ++j)
            if (!intersect(parts[i].block, parts[j].block).empty()) return false;
    }
    return !parts.empty() && cells == core::volume(parts.front().format.global);
}

/// Where frames.h5 puts a part.
struct Presented {
    Index first_frame = 0;
    core::Box block; // empty if it cannot be told
};

class Survey {
public:
    explicit Survey(const RunDirectory& directory) { run_.directory = directory; }

    RunInventory take() {
        find_files();
        look_at_frames_file();
        if (run_.kind == FramesFile::data) {
            add_data_file();
        } else {
            find_parts();
        }
        count();
        return std::move(run_);
    }

private:
    template <typename... Args>
    void problem(const fs::path& path, fmt::format_string<Args...> text, Args&&... args) {
        run_.problems.push_back(
            fmt::format("{}: {}", path.native(), fmt::format(text, std::forward<Args>(args)...)));
    }

    void find_files() {
        for (const fs::path& folder : {run_.directory.root, run_.directory.parts()}) {
            std::error_code failed;
            if (!fs::is_directory(folder, failed)) continue;
            for (const auto& entry : fs::directory_iterator(folder, failed))
                sort_in(entry.path(), folder == run_.directory.parts());
            if (failed)
                throw core::Error(core::ErrorText{.what = "cannot list directory",
                                                  .where = folder.native(),
                                                  .why = failed.message()});
        }
        std::sort(run_.leftovers.begin(), run_.leftovers.end());
        std::sort(run_.updates.begin(), run_.updates.end());
    }

    void sort_in(const fs::path& path, bool is_part) {
        fs::path base = path;
        while (base.extension() == ".new" || base.extension() == ".update")
            base.replace_extension();
        const std::string name = base.filename().native();
        const auto numbers = is_part ? numbers_of(name) : std::nullopt;
        const bool is_ours =
            numbers ||
            (!is_part && (base == run_.directory.frames() || base == run_.directory.config() ||
                          base == run_.directory.report() || base == run_.directory.xdmf()));
        if (!is_ours) return;
        if (path.extension() == ".new")
            run_.leftovers.push_back(path);
        else if (path.extension() == ".update")
            run_.updates.push_back(path);
        else if (numbers)
            files_[*numbers] = path;
    }

    void look_at_frames_file() {
        const fs::path path = run_.directory.frames();
        std::error_code failed;
        if (!fs::exists(fs::symlink_status(path, failed))) return;
        try {
            run_.mark = mark_of(path, run_.is_cut);
            const FileReader reader(path, run_.mark == Mark::swmr ? Access::swmr : Access::plain,
                                    Sources::not_looked_at);
            const FramesLook look = look_at_frames(reader.file());
            if (!look.damage.empty()) throw core::Error(look.damage);
            run_.kind = look.is_virtual ? FramesFile::virtual_file : FramesFile::data;
            run_.longest = look.records_extent;
            run_.committed = reader.frames().value_or(0);
            if (!look.is_virtual) return;
            run_.format = look.format;
            for (const core::Field field : look.format.fields)
                for (const VirtualSource& source :
                     virtual_sources(hdf5::creation_of(hdf5::open_dataset(
                         reader.file().get(), std::string(core::name_of(field)).c_str()))))
                    presented_[run_.directory.root / source.file] = place_of(source);
        } catch (const core::Error& error) {
            run_.kind = FramesFile::unreadable;
            run_.problem = error.what();
            run_.problems.push_back(run_.problem);
        }
    }

    static Presented place_of(const VirtualSource& source) {
        Presented place{source.first, {}};
        if (source.lo.size() < 2 || source.lo.size() > 3) return place;
        place.block = {{0, 0, 0}, {1, 1, 1}};
        std::copy(source.lo.begin(), source.lo.end(), place.block.lo.end() - source.lo.size());
        std::copy(source.hi.begin(), source.hi.end(), place.block.hi.end() - source.hi.size());
        return place;
    }

    /// What frames.h5 says of a part that cannot say it itself.
    void complete(SegmentState& segment) const {
        for (PartState& part : segment.parts) {
            const auto told = presented_.find(part.path);
            if (part.is_readable() || part.is_missing || told == presented_.end()) continue;
            part.first_frame = told->second.first_frame;
            part.block = told->second.block;
            part.format = run_.format;
            part.parts = static_cast<Index>(segment.parts.size());
        }
    }

    /// frames.h5 holds the frames itself.
    void add_data_file() {
        const fs::path path = run_.directory.frames();
        SegmentState segment{.number = 0, .first_frame = 0, .parts = {look_at_part(path, 0, 0)}};
        finish(segment, true);
        run_.format = segment.parts[0].format;
        for (const auto& [numbers, part] : files_) {
            std::error_code failed;
            if (fs::equivalent(path, part, failed)) run_.second_names.push_back(part);
        }
        for (const fs::path& name : run_.second_names)
            std::erase_if(files_, [&](const auto& file) { return file.second == name; });
        run_.segments.push_back(std::move(segment));
        for (SegmentState& begun : segments_of_files())
            run_.begun.push_back(std::move(begun));
    }

    void find_parts() {
        for (SegmentState& segment : segments_of_files()) {
            const bool is_presented =
                presented_.empty()
                    ? run_.kind != FramesFile::virtual_file
                    : std::any_of(segment.parts.begin(), segment.parts.end(),
                                  [&](const auto& p) { return presented_.contains(p.path); });
            (is_presented ? run_.segments : run_.begun).push_back(std::move(segment));
        }
        if (run_.kind == FramesFile::virtual_file) return;
        for (const SegmentState& segment : run_.segments)
            for (const PartState& part : segment.parts)
                if (part.is_readable() && run_.format.fields.empty()) run_.format = part.format;
    }

    std::vector<SegmentState> segments_of_files() {
        std::map<Index, SegmentState> by_number;
        for (const auto& [numbers, path] : files_)
            by_number[numbers.first].parts.push_back(
                look_at_part(path, numbers.first, numbers.second));
        for (const auto& [path, place] : presented_)
            if (const auto numbers = numbers_of(path.filename().native())) {
                SegmentState& segment = by_number[numbers->first];
                segment.first_frame = place.first_frame; // also where no part can tell
                if (!files_.contains(*numbers))
                    segment.parts.push_back(missing_part(path, numbers->first, numbers->second));
            }
        std::vector<SegmentState> segments;
        for (auto& [number, segment] : by_number) {
            segment.number = number;
            std::sort(segment.parts.begin(), segment.parts.end(),
                      [](const auto& a, const auto& b) { return a.rank < b.rank; });
            const bool demanded =
                std::any_of(segment.parts.begin(), segment.parts.end(),
                            [&](const auto& p) { return presented_.contains(p.path); });
            complete(segment);
            finish(segment, demanded);
            segments.push_back(std::move(segment));
        }
        return segments;
    }

    static PartState missing_part(const fs::path& path, Index segment, Index rank) {
        return {.path = path,
                .segment = segment,
                .rank = rank,
                .is_missing = true,
                .problem = path.native() + ": missing; frames.h5 presents it"};
    }

    /// What the parts say together. @p demanded: frames.h5 relies on it, so faults are told.
    void finish(SegmentState& segment, bool demanded) {
        bool is_whole = true;
        const PartState* first = nullptr; // that can be read
        for (const PartState& part : segment.parts) {
            if (!part.is_readable()) {
                is_whole = false;
                if (demanded) run_.problems.push_back(part.problem);
                continue;
            }
            segment.first_frame = part.first_frame;
            if (first == nullptr) first = &part;
            if (part.first_frame != first->first_frame || part.format != first->format) {
                is_whole = false;
                if (demanded)
                    problem(part.path, "belongs to another run than {}", first->path.native());
            }
            const Index parts = part.layout == config::Layout::shared ? 1 : part.parts;
            if (parts != static_cast<Index>(segment.parts.size())) is_whole = false;
        }
        segment.is_whole = is_whole && cover_grid(segment.parts);
    }

    void count() {
        if (run_.kind == FramesFile::data || run_.kind == FramesFile::virtual_file) {
            check_counts();
            return;
        }
        // frames.h5 counts nothing: what the parts hold one after the other.
        run_.committed = 0;
        for (const SegmentState& segment : run_.segments) {
            if (!segment.is_whole || segment.first_frame > run_.committed) break;
            run_.committed = segment.first_frame + segment.frames();
        }
    }

    /// Every part holds what frames.h5 counts of it.
    void check_counts() {
        for (std::size_t s = 0; s < run_.segments.size(); ++s) {
            const Index end =
                s + 1 < run_.segments.size() ? run_.segments[s + 1].first_frame : run_.committed;
            for (const PartState& part : run_.segments[s].parts)
                if (part.is_readable() && part.first_frame + part.frames < end)
                    problem(part.path, "has frames up to {}, {} are counted",
                            part.first_frame + part.frames, end);
        }
    }

    RunInventory run_;
    std::map<std::pair<Index, Index>, fs::path> files_; // parts, by segment and rank
    std::map<fs::path, Presented> presented_;           // by frames.h5
};

} // namespace

Index SegmentState::frames() const noexcept {
    if (!is_whole) return 0;
    Index least = parts.front().frames;
    for (const PartState& part : parts)
        least = std::min(least, part.frames);
    return least;
}

RunInventory take_inventory(const RunDirectory& directory) {
    return Survey(directory).take();
}

} // namespace morphogen::store
