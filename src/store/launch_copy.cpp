#include "store/launch_copy.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/schema.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

struct Found {
    Launch launch;
    fs::path file;
};

FileReader opened(const fs::path& path) {
    return FileReader(path, Access::whichever_works, Sources::not_looked_at);
}

bool has(const std::vector<Found>& all, std::ptrdiff_t count, const Launch& launch) {
    return std::any_of(all.begin(), all.begin() + count, [&](const Found& found) {
        return found.launch.problem.empty() && found.launch.entries == launch.entries;
    });
}

/// Adds those that no file before had.
void gather(std::vector<Found>& all, const fs::path& path) {
    const auto before = static_cast<std::ptrdiff_t>(all.size());
    for (Launch& launch : opened(path).launches())
        if (!launch.problem.empty() || !has(all, before, launch))
            all.push_back({std::move(launch), path});
}

bool is_of(const Launch& launch, const std::string& time) {
    return std::any_of(launch.entries.begin(), launch.entries.end(), [&](const auto& entry) {
        return entry.first == schema::time && entry.second == time;
    });
}

void replace_unreadable(std::vector<Found>& all, const LaunchSources& from) {
    for (const fs::path& path : from.spare)
        try {
            for (Launch& launch : opened(path).launches()) {
                const auto lost = std::find_if(all.begin(), all.end(), [](const Found& found) {
                    return !found.launch.problem.empty();
                });
                if (lost == all.end()) return;
                if (launch.problem.empty() && !is_of(launch, from.now) &&
                    !has(all, static_cast<std::ptrdiff_t>(all.size()), launch))
                    *lost = {std::move(launch), path};
            }
        } catch (const core::Error&) { // another may have it
        }
}

void copy(const FileReader& from, const Launch& launch, const hdf5::Group& all,
          const std::string& name) {
    if (!launch.problem.empty()) {
        const auto group = hdf5::create_group(all.get(), name.c_str());
        hdf5::write_attribute(group.get(), schema::lost, launch.problem);
        return;
    }
    const std::string source = std::string(schema::provenance) + "/" + launch.name;
    hdf5::call("H5Ocopy", {from.file().get(), source}, [&] {
        return H5Ocopy(from.file().get(), source.c_str(), all.get(), name.c_str(), H5P_DEFAULT,
                       H5P_DEFAULT);
    });
}

} // namespace

void copy_launches(const LaunchSources& from, const hdf5::File& to) {
    const auto all = hdf5::create_group(to.get(), schema::provenance);
    std::vector<Found> launches;
    for (const fs::path& path : from.files)
        gather(launches, path);
    replace_unreadable(launches, from);
    for (std::size_t n = 0; n < launches.size(); ++n)
        copy(opened(launches[n].file), launches[n].launch, all,
             schema::launch_name(static_cast<core::Index>(n)));
}

void copy_launches(const FileReader& from, const hdf5::File& to) {
    const auto all = hdf5::create_group(to.get(), schema::provenance);
    core::Index n = 0;
    for (const Launch& launch : from.launches())
        copy(from, launch, all, schema::launch_name(n++));
}

} // namespace morphogen::store
