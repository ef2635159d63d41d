#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/dataset_writer.hpp"
#include "morphogen/store/hdf5/handle.hpp"
#include "morphogen/store/new_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace morphogen::store {

/// An array of an ArrayFile.
struct ArraySpec {
    std::string name;
    ElementType type;
    std::vector<std::string> axes; // made before, as many as the array has
    StorageLayout layout = {};     // contiguous unless said otherwise
    std::string long_name = {};
};

inline constexpr ElementType int64_type{ElementType::Kind::signed_integer, 8, false};
inline constexpr ElementType float64_type{ElementType::Kind::floating, 8, false};

/// A new HDF5 file of arrays of numbers with named axes, as netCDF-4 has them; it appears under its
/// name when it is complete. One thread of a process may use it, or HDF5 at all, at a time.
class ArrayFile {
public:
    /// @throws core::UsageError if there is such a file and it is not to be replaced; core::Error
    ArrayFile(const std::filesystem::path& path, bool replace);

    /// An axis without coordinates; of length 0 too.
    void add_axis(const std::string& name, core::Index length);
    /// An axis whose coordinates are an array of the same name.
    void add_axis(const std::string& name, const ElementType& type,
                  std::span<const std::byte> values);
    /// An empty array. @throws core::Error
    void add(const ArraySpec& spec);
    /// An array with its elements, dense.
    void add(const ArraySpec& spec, std::span<const std::byte> values);
    /// For an array that was added; must be gone before close().
    DatasetWriter writer(const std::string& name) { return {file_.file(), name}; }
    core::Dims shape(const std::vector<std::string>& axes) const;

    /// On the file itself.
    void set_attribute(const char* name, const std::string& text);

    /// @throws core::Error
    void close();

private:
    struct Axis {
        hdf5::Dataset scale;
        core::Index length = 0;
    };
    hdf5::Dataset create(const ArraySpec& spec);

    NewFile file_; // outlives the datasets
    std::map<std::string, Axis> axes_;
};

} // namespace morphogen::store
