#include "morphogen/core/error.hpp"
#include "morphogen/store/reader.hpp"

#include "store/hdf5/collected.hpp"

#include <fmt/format.h>

#include <algorithm>

/// What FileReader tells of links to other files.
namespace morphogen::store {
namespace {

using Values = hdf5::Collected<std::pair<std::string, std::size_t>>; // path, bytes of the value

herr_t add_external_link(hid_t, const char* name, const H5L_info_t* info, void* values) noexcept {
    if (info->type != H5L_TYPE_EXTERNAL) return H5_ITER_CONT;
    return static_cast<Values*>(values)->add([&] {
        return std::pair{"/" + std::string(name), info->u.val_size};
    });
}

} // namespace

std::vector<ExternalLink> FileReader::external_links() const {
    Values found;
    hdf5::call("H5Lvisit", {.object = file_.get()}, [&] {
        return H5Lvisit(file_.get(), H5_INDEX_NAME, H5_ITER_INC, add_external_link, &found);
    });
    std::vector<ExternalLink> links;
    for (const auto& [path, size] : found.take()) {
        const std::string& name = path; // clang 14 lets no lambda capture a structured binding
        std::string value(size + 1, '\0');
        const char* file = "";
        const char* object = "";
        hdf5::call("H5Lget_val", {file_.get(), name}, [&] {
            return H5Lget_val(file_.get(), name.c_str(), value.data(), value.size(), H5P_DEFAULT);
        });
        hdf5::call("H5Lunpack_elink_val", {file_.get(), name}, [&] {
            return H5Lunpack_elink_val(value.data(), value.size() - 1, nullptr, &file, &object);
        });
        links.push_back({name, file, object});
    }
    std::sort(links.begin(), links.end(),
              [](const ExternalLink& a, const ExternalLink& b) { return a.path < b.path; });
    return links;
}

std::filesystem::path FileReader::file_behind(const ExternalLink& link) const {
    try {
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
