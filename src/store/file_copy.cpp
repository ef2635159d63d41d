#include "morphogen/store/file_copy.hpp"

#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/attribute_copy.hpp"
#include "store/element_copy.hpp"
#include "store/hdf5/collected.hpp"
#include "store/hdf5/links.hpp"

#include <hdf5_hl.h>

#include <map>
#include <utility>

namespace morphogen::store {
namespace {

using hdf5::below;
using hdf5::call;
using hdf5::Link;

H5O_info_t info_of(hid_t object) {
    H5O_info_t info{};
    call("H5Oget_info", {.object = object},
         [&] { return H5Oget_info2(object, &info, H5O_INFO_BASIC); });
    return info;
}

using Addresses = hdf5::Collected<haddr_t>;

herr_t keep_scale(hid_t, unsigned, hid_t scale, void* addresses) noexcept {
    H5O_info_t info{};
    if (H5Oget_info2(scale, &info, H5O_INFO_BASIC) < 0) return H5_ITER_ERROR;
    return static_cast<Addresses*>(addresses)->add([&] { return info.addr; });
}

/// How H5Ocopy may copy the object. 1.10 crashes at attributes of variable length where there are
/// so many that they are stored densely: those objects get their attributes afterwards, from us.
hdf5::Properties copy_properties(hid_t object) {
    hdf5::Properties list(call("H5Pcreate", {}, [&] { return H5Pcreate(H5P_OBJECT_COPY); }));
    for (const std::string& name : hdf5::attribute_names(object))
        if (holds_variable_length(object, name)) {
            call("H5Pset_copy_object", {},
                 [&] { return H5Pset_copy_object(list.get(), H5O_COPY_WITHOUT_ATTR_FLAG); });
            break;
        }
    return list;
}

class Copier {
public:
    Copier(const FileReader& from, const hdf5::File& to, const MakeDataset& make)
        : from_(from), to_(to), make_(make) {}

    std::vector<std::string> copy() {
        const auto source = hdf5::open_group(from_.file().get(), "/");
        const auto target = hdf5::open_group(to_.get(), "/");
        paths_[info_of(source.get()).addr] = "/";
        copy_links(source, target, "/");
        // Scales and references point anywhere, so everything must be there.
        copy_attributes("/");
        for (const auto& [path, is_dataset] : objects_)
            copy_attributes(path);
        for (const auto& [path, is_dataset] : objects_)
            if (is_dataset) attach_scales(path);
        for (const std::string& path : by_element_)
            if (!copy_elements(from_.file(), to_, path, references_))
                notes_.push_back("some references in " + path +
                                 " were left out: what they refer to has no name");
        return std::move(notes_);
    }

private:
    /// In the order of creation: netCDF-4 numbers its dimensions by it.
    void copy_links(const hdf5::Group& source, const hdf5::Group& target, const std::string& path) {
        for (const Link& link :
             links_of(source.get(), hdf5::LinkOrder::by_creation, {.object = source.get()})) {
            if (link.type == H5L_TYPE_HARD)
                copy_object(source, target, path, link.name);
            else
                copy_symbolic(source, target, path, link);
        }
    }

    void copy_symbolic(const hdf5::Group& source, const hdf5::Group& target,
                       const std::string& path, const Link& link) {
        if (link.type == H5L_TYPE_SOFT)
            copy_soft(source, target, link);
        else if (link.type == H5L_TYPE_EXTERNAL)
            copy_external(source, target, link);
        else
            notes_.push_back("link " + below(path, link.name) +
                             " was left out: its kind is unknown");
    }

    static void copy_soft(const hdf5::Group& source, const hdf5::Group& target, const Link& link) {
        std::string value(link.value_size + 1, '\0');
        call("H5Lget_val", {source.get(), link.name}, [&] {
            return H5Lget_val(source.get(), link.name.c_str(), value.data(), link.value_size,
                              H5P_DEFAULT);
        });
        call("H5Lcreate_soft", {target.get(), link.name}, [&] {
            return H5Lcreate_soft(value.c_str(), target.get(), link.name.c_str(), H5P_DEFAULT,
                                  H5P_DEFAULT);
        });
    }

    static void copy_external(const hdf5::Group& source, const hdf5::Group& target,
                              const Link& link) {
        const auto names = hdf5::external_target(source.get(), link.name);
        call("H5Lcreate_external", {target.get(), link.name}, [&] {
            return H5Lcreate_external(names.first.c_str(), names.second.c_str(), target.get(),
                                      link.name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
        });
    }

    void copy_object(const hdf5::Group& source, const hdf5::Group& target, const std::string& path,
                     const std::string& name) {
        const std::string full = below(path, name);
        const hdf5::Object object(call("H5Oopen", {source.get(), name}, [&] {
            return H5Oopen(source.get(), name.c_str(), H5P_DEFAULT);
        }));
        const H5O_info_t info = info_of(object.get());
        const auto [place, is_new] = paths_.emplace(info.addr, full);
        if (!is_new) {
            const auto& known = place; // clang 14 lets no lambda capture a structured binding
            call("H5Lcreate_hard", {target.get(), name}, [&] {
                return H5Lcreate_hard(to_.get(), known->second.c_str(), target.get(), name.c_str(),
                                      H5P_DEFAULT, H5P_DEFAULT);
            });
            return;
        }
        objects_.emplace_back(full, info.type == H5O_TYPE_DATASET);
        if (info.type == H5O_TYPE_GROUP) {
            const auto copy = hdf5::create_group(target.get(), name.c_str());
            copy_links(hdf5::open_group(source.get(), name.c_str()), copy, full);
            return;
        }
        if (info.type == H5O_TYPE_DATASET &&
            make_({info.fileno, info.addr}, target.get(), name).valid())
            return;
        const CopyBy way =
            info.type == H5O_TYPE_DATASET ? how_to_copy(object.get()) : CopyBy::object;
        if (way == CopyBy::elements) { // last: references need what they refer to
            create_same_dataset(object.get(), target.get(), name);
            by_element_.push_back(full);
            return;
        }
        const hdf5::Properties copying = copy_properties(object.get());
        call("H5Ocopy", {source.get(), name}, [&] {
            return H5Ocopy(source.get(), name.c_str(), target.get(), name.c_str(), copying.get(),
                           H5P_DEFAULT);
        });
        if (way == CopyBy::object_without_references)
            notes_.push_back("the references in " + full +
                             " were left out: they refer to parts of the old file");
    }

    void copy_attributes(const std::string& path) {
        const hdf5::Object source = open(from_.file(), path);
        const hdf5::Object target = open(to_, path);
        // What H5Ocopy copied has its attributes; the references among them point to nothing.
        for (const std::string& name : hdf5::attribute_names(source.get())) {
            const bool there = hdf5::has_attribute(target.get(), name.c_str());
            if (there && !holds_references(target.get(), name)) continue;
            if (there)
                call("H5Adelete", {target.get(), name},
                     [&] { return H5Adelete(target.get(), name.c_str()); });
            if (is_scale_attribute(name)) continue;
            if (!copy_attribute(source.get(), target.get(), to_.get(), name, references_))
                notes_.push_back("attribute " + name + " of " + path +
                                 " was left out: it refers to parts of the old file");
        }
    }

    std::string path_of(hid_t object, const hobj_ref_t& reference) const {
        const hdf5::QuietErrors quiet;
        const hdf5::Object target(H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, &reference));
        if (!target.valid()) return {};
        const auto known = paths_.find(info_of(target.get()).addr);
        return known == paths_.end() ? std::string() : known->second;
    }

    void attach_scales(const std::string& path) {
        const auto source = hdf5::open_dataset(from_.file().get(), path.c_str());
        const auto target = hdf5::open_dataset(to_.get(), path.c_str());
        if (H5DSis_scale(source.get()) > 0) return; // the standard forbids scales of scales
        const auto rank = static_cast<unsigned>(hdf5::shape_of(source).size());
        for (unsigned axis = 0; axis < rank; ++axis) {
            Addresses scales;
            call("H5DSiterate_scales", {from_.file().get(), path}, [&] {
                return H5DSiterate_scales(source.get(), axis, nullptr, keep_scale, &scales);
            });
            for (const haddr_t address : scales.take()) {
                const auto known = paths_.find(address);
                if (known == paths_.end()) continue; // without a name in the file
                const auto scale = hdf5::open_dataset(to_.get(), known->second.c_str());
                hdf5::attach_scale(target, scale, axis);
            }
        }
    }

    static hdf5::Object open(const hdf5::File& file, const std::string& path) {
        return hdf5::Object(call("H5Oopen", {file.get(), path},
                                 [&] { return H5Oopen(file.get(), path.c_str(), H5P_DEFAULT); }));
    }

    const FileReader& from_;
    const hdf5::File& to_;
    const MakeDataset& make_;
    std::map<haddr_t, std::string> paths_;              // first path of each object of the old file
    std::vector<std::pair<std::string, bool>> objects_; // path, whether it is a dataset
    std::vector<std::string> by_element_;               // datasets that are still empty
    std::vector<std::string> notes_;
    const ReferenceMap references_{
        [this](hid_t object, const hobj_ref_t& reference) { return path_of(object, reference); }};
};

} // namespace

std::vector<std::string> copy_file(const FileReader& from, const hdf5::File& to,
                                   const MakeDataset& make) {
    return Copier(from, to, make).copy();
}

} // namespace morphogen::store
