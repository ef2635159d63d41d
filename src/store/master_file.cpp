#include "store/master_file.hpp"

#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/schema.hpp"

#include "store/part_move.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace morphogen::store {
namespace {

/// Each launch once: every file that it began has it.
void copy_launches(const std::vector<std::filesystem::path>& from, const hdf5::File& to) {
    const auto all = hdf5::create_group(to.get(), schema::provenance);
    std::vector<std::vector<std::pair<std::string, std::string>>> seen;
    for (const std::filesystem::path& path : from) {
        const FileReader reader(path, Access::whichever_works, Sources::not_looked_at);
        const auto others = static_cast<std::ptrdiff_t>(seen.size()); // of the files before
        for (const Launch& launch : reader.launches()) {
            const auto end = seen.begin() + others;
            if (std::find(seen.begin(), end, launch.entries) != end) continue;
            const std::string source = std::string(schema::provenance) + "/" + launch.name;
            const std::string name = schema::launch_name(static_cast<core::Index>(seen.size()));
            hdf5::call("H5Ocopy", {reader.file().get(), source}, [&] {
                return H5Ocopy(reader.file().get(), source.c_str(), all.get(), name.c_str(),
                               H5P_DEFAULT, H5P_DEFAULT);
            });
            seen.push_back(launch.entries);
        }
    }
}

void fill(const hdf5::File& file, const FrameLayout& layout, const MasterStart& start) {
    create_master_skeleton(file, layout, start.segments);
    copy_launches(start.launches_from, file);
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
    file_.end_commit();
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
    if (exists && start.launches_from.empty()) start.launches_from = {path};
    return std::make_unique<MasterFile>(path, sync, layout, start, [&] {
        if (exists && moves) move_into_parts(directory, sync);
    });
}

} // namespace morphogen::store
