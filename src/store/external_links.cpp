#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/reader.hpp"

#include "store/hdf5/check_object.hpp"
#include "store/hdf5/links.hpp"
#include "store/hdf5/tried_files.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

/// What FileReader tells of links to other files. Following one, the library opens the object
/// before anybody could look whether it is damaged: see check_object.hpp. So they are followed
/// here.
namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

/// In the library's order.
std::vector<std::string> places_of(const hdf5::File& file, const std::string& link) {
    const hdf5::TriedFiles tried;
    const hdf5::QuietErrors quiet;
    H5Oexists_by_name(file.get(), link.c_str(), H5P_DEFAULT);
    return tried.names();
}

/// Of the object @p path, which is there.
H5L_type_t link_type(const FileReader& file, const std::string& path) {
    const hdf5::QuietErrors quiet;
    H5L_info_t link{};
    if (H5Lget_info(file.file().get(), path.c_str(), &link, H5P_DEFAULT) < 0)
        return H5L_TYPE_HARD; // the root group
    return link.type;
}

bool leads_to_something(const FileReader& file, const std::string& soft_link) {
    const hdf5::QuietErrors quiet;
    return H5Oexists_by_name(file.file().get(), soft_link.c_str(), H5P_DEFAULT) > 0;
}

} // namespace

FileReader FileReader::target_of(const ExternalLink& link) const {
    std::string why = "HDF5 finds no file of that name";
    for (const std::string& place : places_of(file_, link.path))
        try {
            FileReader target(place, Access::whichever_works, Sources::not_looked_at);
            if (hdf5::exists(target.file().get(), link.object.c_str())) return target;
            why = "it has no such object";
            break; // the library would not look elsewhere
        } catch (const core::Error& error) {
            std::error_code failed;
            if (fs::exists(place, failed)) why = error.what();
        }
    const std::string where = fmt::format("{}, {}", path_.native(), link.path);
    const std::string all = fmt::format("{}, {} cannot be opened: {}", link.file, link.object, why);
    throw core::Error(
        core::ErrorText{.what = "an external link leads to nothing", .where = where, .why = all});
}

fs::path FileReader::file_behind(const ExternalLink& link) const {
    return target_of(link).path();
}

bool FileReader::leads_to_dataset(const ExternalLink& link, int hops) const {
    if (hops == 0) return false; // as the library ends what may be a circle
    const auto target = [&]() -> std::optional<FileReader> {
        try {
            return target_of(link);
        } catch (const core::Error&) {
            return std::nullopt;
        }
    }();
    if (!target || target->is_swmr()) return false; // the library opens none that a writer has
    const H5L_type_t type = link_type(*target, link.object);
    if (type == H5L_TYPE_EXTERNAL) {
        auto next = hdf5::external_target(target->file().get(), link.object);
        return target->leads_to_dataset(
            {link.object, std::move(next.first), std::move(next.second)}, hops - 1);
    }
    if (type == H5L_TYPE_SOFT && !leads_to_something(*target, link.object)) return false;
    hdf5::check_object(target->file().get(), link.object.c_str());
    return target->has_dataset(link.object);
}

} // namespace morphogen::store
