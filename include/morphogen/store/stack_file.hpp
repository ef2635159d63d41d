#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/store/number_type.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::store {

/// Arrays of the same shape, stacked along one axis or two, and where each came from.
///
///     /data    [group, item, …] or [item, …] or [group, …]   NaN, or 0 of integers, where nothing
///     is /source  [group, item] or [item]                      file names; empty where nothing is
///     /group /item                                          numbers from 0, the axes' coordinates
///     /group_name [group]                                   where groups have names
struct StackLayout {
    NumberType type = NumberType::f32;
    std::vector<core::Index> shape; // of /data
    std::vector<core::Index> chunk; // as many axes
    std::vector<core::Index> source_shape;
    std::vector<std::string> axes; // names, as many as /data has
    codec::FilterPipeline filters;
    std::size_t name_bytes = 1; // the longest file name
    std::vector<std::string> group_names;
    std::string long_name;
    std::string units;
};

/// A new file of that layout, which gets its name when it is complete: see NewFile. One thread of a
/// process may use it, or HDF5 at all, at a time.
class StackFile {
public:
    /// @param replace an older file of that name; without, it is an error.
    /// @throws core::UsageError if there is one; core::Error
    StackFile(const std::filesystem::path& path, bool replace, const StackLayout& layout);
    /// Without close(), nothing is left behind.
    ~StackFile();
    StackFile(const StackFile&) = delete;
    StackFile& operator=(const StackFile&) = delete;

    /// One encoded chunk of /data, its first element at @p origin.
    void put_chunk(std::span<const core::Index> origin, std::span<const std::byte> stored);

    /// The file names of items [first, first + count) of one group (0 without groups); @p name says
    /// each.
    void put_sources(core::Index group, core::Index first, core::Index count,
                     const std::function<std::string_view(core::Index)>& name);

    /// Closes and renames.
    /// @throws core::Error; the file is then left as by the destructor.
    void close();

    std::uint64_t bytes_stored() const noexcept { return bytes_stored_; }

private:
    struct Open;

    std::size_t name_bytes_;
    std::unique_ptr<Open> open_;
    std::uint64_t bytes_stored_ = 0;
};

} // namespace morphogen::store
