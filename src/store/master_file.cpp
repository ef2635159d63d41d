#include "store/master_file.hpp"

#include "morphogen/store/reader.hpp"

namespace morphogen::store {
namespace {

void fill(const hdf5::File& file, const FrameLayout& layout, const MasterStart& start) {
    create_master_skeleton(file, layout, start.segments);
    if (start.launches_from)
        copy_launches(
            FileReader(*start.launches_from, Access::whichever_works, Sources::not_looked_at)
                .file(),
            file);
    if (start.launch) add_launch(file, *start.launch);
    if (start.records.empty()) return;
    RecordTable records(file, layout.fields, Writers::alone);
    records.append_statistics(start.records);
    records.append_steps(start.records);
}

} // namespace

MasterFile::MasterFile(const std::filesystem::path& path, config::Sync sync,
                       const FrameLayout& layout, const MasterStart& start,
                       const std::function<void()>& before_rename)
    : file_(
          path, sync, [&](const hdf5::File& file) { fill(file, layout, start); }, before_rename),
      records_(file_.file(), layout.fields) {}

void MasterFile::append(std::span<const FrameRecord> records) {
    if (records.empty()) return;
    records_.append_statistics(records);
    file_.flush();
    records_.append_steps(records);
    file_.flush();
    file_.sync_commit();
}

void MasterFile::close() {
    records_.close();
    file_.close();
}

} // namespace morphogen::store
