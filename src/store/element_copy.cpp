#include "store/element_copy.hpp"

#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/hdf5/detached.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace morphogen::store {

using hdf5::call;

bool translate_references(hid_t from, hid_t to_file, std::span<std::byte> values,
                          const ReferenceMap& references) {
    bool all = true;
    auto* const refs = reinterpret_cast<hobj_ref_t*>(values.data());
    for (std::size_t i = 0; i < values.size() / sizeof(hobj_ref_t); ++i) {
        if (refs[i] == 0) continue; // refers to nothing
        const std::string path = references.path_of(from, refs[i]);
        refs[i] = 0;
        all = all && !path.empty();
        if (path.empty()) continue;
        call("H5Rcreate", {to_file, path}, [&] {
            return H5Rcreate(&refs[i], to_file, path.c_str(), H5R_OBJECT, H5I_INVALID_HID);
        });
    }
    return all;
}

namespace {

bool contains(const hdf5::Type& type, H5T_class_t kind) {
    return call("H5Tdetect_class", {}, [&] { return H5Tdetect_class(type.get(), kind); }) > 0;
}

bool is_reference(const hdf5::Type& type) {
    return call("H5Tequal", {}, [&] { return H5Tequal(type.get(), H5T_STD_REF_OBJ); }) > 0;
}

bool has_own_fill(hid_t dataset) {
    const hdf5::Properties creation(call("H5Dget_create_plist", {.object = dataset},
                                         [&] { return H5Dget_create_plist(dataset); }));
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    call("H5Pfill_value_defined", {.object = dataset},
         [&] { return H5Pfill_value_defined(creation.get(), &defined); });
    return defined == H5D_FILL_VALUE_USER_DEFINED;
}

/// Copies the elements of one selection.
class ElementCopier {
public:
    ElementCopier(const hdf5::File& from, const hdf5::File& to, const std::string& path,
                  const ReferenceMap& references)
        : from_(hdf5::open_dataset(from.get(), path.c_str())),
          to_(hdf5::open_dataset(to.get(), path.c_str())), file_(to.get()), references_(references),
          // A committed type of the old file cannot be used in the new one: a copy of it can.
          type_(call("H5Tcopy", {}, [&] { return H5Tcopy(hdf5::type_of(from_).get()); })),
          size_(H5Tget_size(type_.get())) {}

    const hdf5::Dataset& source() const noexcept { return from_; }
    std::size_t element_size() const noexcept { return size_; }

    /// @returns false if references among them point to nothing in the new file
    bool copy(const hdf5::Space& memory, const hdf5::Space& place, hsize_t count) {
        std::vector<std::byte> values(count * size_);
        hdf5::read(from_, type_.get(), memory, place, values.data());
        bool all = true;
        try {
            if (is_reference_) all = translate_references(from_.get(), file_, values, references_);
            hdf5::write(to_, type_.get(), memory, place, values.data());
        } catch (...) {
            reclaim(memory, values);
            throw;
        }
        reclaim(memory, values);
        return all;
    }

private:
    /// What reading allocated for elements of variable length.
    void reclaim(const hdf5::Space& memory, std::vector<std::byte>& values) noexcept {
        if (!is_reference_) H5Dvlen_reclaim(type_.get(), memory.get(), H5P_DEFAULT, values.data());
    }

    hdf5::Dataset from_;
    hdf5::Dataset to_;
    hid_t file_;
    const ReferenceMap& references_;
    hdf5::Type type_;
    std::size_t size_;
    bool is_reference_ = is_reference(type_);
};

} // namespace

CopyBy how_to_copy(hid_t dataset) {
    const hdf5::Type type(
        call("H5Dget_type", {.object = dataset}, [&] { return H5Dget_type(dataset); }));
    if (is_reference(type)) return CopyBy::elements;
    if (contains(type, H5T_REFERENCE)) return CopyBy::object_without_references;
    const bool on_heap = contains(type, H5T_VLEN) || contains(type, H5T_STRING);
    return on_heap && has_own_fill(dataset) ? CopyBy::elements : CopyBy::object;
}

hdf5::Dataset create_same_dataset(hid_t old, hid_t parent, const std::string& name) {
    const hdf5::Type type(call("H5Dget_type", {.object = old}, [&] { return H5Dget_type(old); }));
    const hdf5::Type plain = hdf5::detached(type);
    const hdf5::Space space(
        call("H5Dget_space", {.object = old}, [&] { return H5Dget_space(old); }));
    hdf5::Properties creation(
        call("H5Dget_create_plist", {.object = old}, [&] { return H5Dget_create_plist(old); }));
    return hdf5::create_dataset(parent, name.c_str(), plain.get(), hdf5::detached(space),
                                hdf5::detached(std::move(creation), plain));
}

bool copy_elements(const hdf5::File& from, const hdf5::File& to, const std::string& path,
                   const ReferenceMap& references) {
    constexpr hsize_t piece_bytes = hsize_t{1} << 17;
    ElementCopier copier(from, to, path, references);
    const std::vector<hsize_t> shape = hdf5::shape_of(copier.source());
    const hdf5::Space place = hdf5::space_of(copier.source());
    if (shape.empty())
        return H5Sget_simple_extent_type(place.get()) != H5S_SCALAR || copier.copy(place, place, 1);
    hsize_t row = 1;
    for (std::size_t a = 1; a < shape.size(); ++a)
        row *= shape[a];
    if (row == 0) return true;
    const hsize_t rows = std::max<hsize_t>(piece_bytes / (row * copier.element_size()), 1);
    bool all = true;
    for (hsize_t first = 0; first < shape.front(); first += rows) {
        std::vector<hsize_t> start(shape.size(), 0);
        std::vector<hsize_t> count = shape;
        start.front() = first;
        count.front() = std::min(rows, shape.front() - first);
        hdf5::select_box(place, start, count);
        all = copier.copy(hdf5::simple_space(count), place, count.front() * row) && all;
    }
    return all;
}

} // namespace morphogen::store
