#include "store/master_file.hpp"

#include "morphogen/store/reader.hpp"

#include "store/part_move.hpp"

#include <utility>

namespace morphogen::store {
namespace {

void fill(const hdf5::File& file, const FrameLayout& layout, const MasterStart& start) {
    create_master_skeleton(file, layout, start.segments);
    copy_launches(start.launches, file);
    if (start.launch) add_launch(file, *start.launch);
    if (start.records.empty()) return;
    RecordTable records(file, layout.fields);
    records.append(start.records);
    records.close();
}

} // namespace

MasterFile::MasterFile(const std::filesystem::path& path, config::Sync sync,
                       const FrameLayout& layout, const MasterStart& start,
                       const std::function<void()>& before_rename)
    : file_(
          path, sync, [&](const hdf5::File& file) { fill(file, layout, start); }, before_rename),
      records_(file_.file(), layout.fields) {}

void MasterFile::append(std::span<const FrameRecord> records) {
    if (!records.empty()) records_.commit(records, file_);
}

void MasterFile::close() {
    records_.close();
    file_.close();
}

std::vector<FrameRecord> records_of(const RunDirectory& directory) {
    if (!std::filesystem::exists(directory.frames())) return {};
    return FileReader(directory.frames(), Access::whichever_works, Sources::not_looked_at)
        .records();
}

std::unique_ptr<MasterFile> replace_frames_file(const RunDirectory& directory, config::Sync sync,
                                                const FrameLayout& layout, MasterStart start,
                                                bool moves) {
    const std::filesystem::path path = directory.frames();
    const bool exists = std::filesystem::exists(path);
    if (exists && start.launches.files.empty())
        start.launches = {
            {path}, directory.existing_parts(), start.launch ? start.launch->time : std::string()};
    return std::make_unique<MasterFile>(path, sync, layout, start, [&] {
        if (exists && moves) move_into_parts(directory, sync);
    });
}

} // namespace morphogen::store
