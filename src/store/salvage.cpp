#include "store/salvage.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/new_file.hpp"

#include "store/damaged_file.hpp"
#include "store/frames_look.hpp"
#include "store/launch_copy.hpp"
#include "store/part_move.hpp"
#include "store/record_table.hpp"
#include "store/skeleton.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

void copy_frames(const DamagedFile& from, std::span<const FrameRecord> records,
                 const hdf5::File& to, const FrameLayout& layout) {
    RecordTable table(to, layout.fields);
    table.append(records);
    table.close();
    const auto frames = static_cast<Index>(records.size());
    for (const core::Field field : layout.fields) {
        const auto out = hdf5::open_dataset(to.get(), std::string(core::name_of(field)).c_str());
        hdf5::resize(out,
                     frame_shape(layout.dims, static_cast<hsize_t>(frames), layout.block.shape()));
        Chunks chunks(from.data(field));
        for (Index frame = 0; frame < frames; ++frame)
            chunks.for_each(frame, [&](const std::vector<hsize_t>& offset, const auto& bytes) {
                hdf5::write_chunk(out, offset, bytes);
            });
    }
}

bool opens_any_field(const hdf5::File& file) {
    for (const core::Field field : {core::Field::u, core::Field::v})
        try {
            hdf5::open_dataset(file.get(), std::string(core::name_of(field)).c_str());
            return true;
        } catch (const core::Error&) { // the other, perhaps
        }
    return false;
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

} // namespace

Proven prove_frames(const PartState& part, const Elsewhere& elsewhere, Index limit) {
    Proven proven;
    try {
        DamagedFile file(part, elsewhere);
        proven.opens = opens_any_field(file.reader().file());
        const FramesLook look = look_at_fields(file.reader().file());
        proven.told = static_cast<Index>(file.records(limit).size());
        file.layout();
        Index frames = proven.told;
        for (const core::Field field : look.format.fields)
            frames = Chunks(file.data(field)).count_proven(frames);
        proven.frames = frames;
    } catch (const core::Error&) { // then no more is proven
    }
    return proven;
}

PartState look_inside(PartState part) {
    try {
        return DamagedFile(part, {}).state();
    } catch (const core::Error&) {
        return part;
    }
}

void keep_proven(const PartState& part, const Elsewhere& elsewhere, Index frames) {
    DamagedFile damaged(part, elsewhere);
    auto records = damaged.records(frames);
    damaged.complete(records);
    const PartState state = damaged.state();
    const FrameLayout layout = damaged.layout();
    NewFile fresh(part.path, true);
    create_part_skeleton(fresh.file(), layout, layout.block,
                         {.first_frame = state.first_frame,
                          .parts = state.parts,
                          .rank = state.rank,
                          .layout = state.layout});
    copy_launches(damaged.reader(), fresh.file());
    copy_frames(damaged, records, fresh.file(), layout);
    hdf5::flush_file(fresh.file());
    hdf5::sync_file(fresh.unfinished());
    give_second_name(part.path, name_aside(part.path));
    fresh.close();
    hdf5::sync_file(part.path);
    core::sync_directory(folder_of(part.path));
}

fs::path name_aside(const fs::path& path) {
    for (int number = 1;; ++number) {
        fs::path name = path;
        name += ".damaged";
        if (number > 1) name += std::to_string(number);
        std::error_code failed;
        if (!fs::exists(fs::symlink_status(name, failed)) || fs::equivalent(path, name, failed))
            return name;
    }
}

void set_aside(const fs::path& path) {
    const fs::path name = name_aside(path);
    std::error_code failed;
    // A second name, given before a kill: rename() would leave both.
    if (fs::exists(fs::symlink_status(name, failed)))
        fs::remove(path, failed);
    else
        fs::rename(path, name, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot rename file", .where = path.native(), .why = failed.message()});
    core::sync_directory(folder_of(path));
}

} // namespace morphogen::store
