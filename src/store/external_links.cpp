#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/reader.hpp"

#include "store/hdf5/check_object.hpp"

#include <fmt/format.h>

#include <system_error>

/// What FileReader tells of links to other files.
namespace morphogen::store {

namespace fs = std::filesystem;

/// @returns whether the file of the link has an object of that name.
/// @throws core::Error if it is damaged: the library would keep its file open
bool FileReader::check_behind(const ExternalLink& link) const {
    const fs::path there = path_.parent_path() / link.file; // an absolute name stays as it is
    std::error_code failed;
    if (!fs::is_regular_file(there, failed)) return false;
    const FileReader file(there, Access::whichever_works, Sources::not_looked_at);
    const char* const object = link.object.c_str();
    if (!hdf5::exists(file.file().get(), object)) return false;
    {
        const hdf5::QuietErrors quiet; // a link there may lead to nothing, or in circles
        if (H5Oexists_by_name(file.file().get(), object, H5P_DEFAULT) <= 0) return false;
    }
    hdf5::check_object(file.file().get(), object);
    return true;
}

bool FileReader::leads_to_dataset(const ExternalLink& link) const {
    const auto opens = [&] { return H5Oopen(file_.get(), link.path.c_str(), H5P_DEFAULT); };
    if (check_behind(link)) {
        const hdf5::Object object(hdf5::call("H5Oopen", {file_.get(), link.path}, opens));
        return H5Iget_type(object.get()) == H5I_DATASET;
    }
    const hdf5::QuietErrors quiet; // the library may know other places to look for the file
    const hdf5::Object object(opens());
    return object.valid() && H5Iget_type(object.get()) == H5I_DATASET;
}

fs::path FileReader::file_behind(const ExternalLink& link) const {
    try {
        check_behind(link);
        const hdf5::Object object(hdf5::call("H5Oopen", {file_.get(), link.path}, [&] {
            return H5Oopen(file_.get(), link.path.c_str(), H5P_DEFAULT);
        }));
        return hdf5::file_name_of(object.get());
    } catch (const core::Error& error) {
        const std::string where = fmt::format("{}, {}", path_.native(), link.path);
        const std::string why =
            fmt::format("{}, {} cannot be opened: {}", link.file, link.object, error.what());
        throw core::Error(core::ErrorText{
            .what = "an external link leads to nothing", .where = where, .why = why});
    }
}

} // namespace morphogen::store
