#pragma once

#include "morphogen/store/dataset_reader.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "small_files.hpp"

#include <filesystem>
#include <span>
#include <vector>

/// Files that lead to others.
namespace morphogen::test {

inline void link_to(const hdf5::File& file, const char* target, const char* object,
                    const char* name) {
    REQUIRE(H5Lcreate_external(target, object, file.get(), name, H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

/// A file that leads to /v of @p target in three ways, and has bytes of its own where that has its
/// values.
inline void write_links(const std::filesystem::path& path, const char* target) {
    write_small_file(path, item_values(99), {.chunk = {}, .dataset = "own"});
    const auto file = hdf5::open_file(path, hdf5::Mode::write);
    link_to(file, target, "/v", "direct");
    link_to(file, target, "/", "group");
    REQUIRE(H5Lcreate_soft("/group/v", file.get(), "soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

inline std::vector<double> values_of(const store::DatasetReader& reader) {
    std::vector<float> values(static_cast<std::size_t>(core::volume(reader.shape())));
    reader.read_plain(core::NdBox::whole(reader.shape()),
                      std::as_writable_bytes(std::span(values)));
    return {values.begin(), values.end()};
}

/// [5, 7] of the whole of @p dataset of @p source.
inline void write_virtual(const std::filesystem::path& path, const char* source,
                          const char* dataset = "/v") {
    const auto file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
    const auto creation = hdf5::dataset_creation();
    const auto space = hdf5::simple_space(test::item_shape);
    hdf5::map_virtual(creation, space, source, dataset, space);
    hdf5::create_dataset(file.get(), "all", H5T_IEEE_F32LE, space, creation);
}

} // namespace morphogen::test
