#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/rework/gather.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "temporary_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

/// Small HDF5 files for gather's tests, and what it made of them.
namespace morphogen::test {

namespace hdf5 = store::hdf5;

inline const std::vector<hsize_t> item_shape{5, 7};
constexpr std::size_t item_cells = 35;

/// Different in every cell of every file; small enough for every type.
inline std::vector<double> item_values(int file) {
    std::vector<double> values(item_cells);
    for (std::size_t i = 0; i < item_cells; ++i)
        values[i] = static_cast<double>((static_cast<std::size_t>(file) * 37 + i) % 101);
    return values;
}

/// How a file stores its values.
struct SmallFile {
    hid_t type = H5T_IEEE_F32LE;
    std::vector<hsize_t> shape = item_shape;
    std::vector<hsize_t> chunk = {5, 7}; // empty: contiguous
    bool filtered = true;                // shuffle, deflate, fletcher32
    std::string dataset = "v";
    std::function<void(const hdf5::Properties&)> adjust = {}; // of the dataset's creation
};

inline void write_small_file(const std::filesystem::path& path, const std::vector<double>& values,
                             const SmallFile& how = {}) {
    const auto file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
    const auto creation = hdf5::dataset_creation();
    if (!how.chunk.empty()) {
        hdf5::set_chunk(creation, how.chunk);
        codec::FilterPipeline filters;
        filters.element_size = H5Tget_size(how.type);
        if (how.filtered) hdf5::set_filters(creation, codec::hdf5_filters(filters));
    }
    if (how.adjust) how.adjust(creation);
    const auto dataset = hdf5::create_dataset(file.get(), how.dataset.c_str(), how.type,
                                              hdf5::simple_space(how.shape), creation);
    if (!values.empty()) hdf5::write(dataset, H5T_NATIVE_DOUBLE, values.data());
}

/// A directory with files f0.h5, f1.h5, ... and what is made of them.
struct SmallFiles {
    explicit SmallFiles(int count, const SmallFile& how = {}) {
        for (int i = 0; i < count; ++i) {
            write_small_file(path(i), item_values(i), how);
            list.add(path(i).native());
        }
        options.output = out;
        options.replace = true;
        options.threads = 2;
        options.note = [this](const std::string& text) { notes.push_back(text); };
    }

    std::filesystem::path path(int i) const {
        return directory / ("f" + std::to_string(i) + ".h5");
    }
    rework::GatherResult gather() const { return rework::gather(list, options); }
    bool nothing_left() const {
        return !std::filesystem::exists(out) &&
               !std::filesystem::exists(out.native() + hdf5::unfinished_suffix);
    }

    /// All of /data, as double.
    std::vector<double> data() const {
        const auto file = hdf5::open_file(out, hdf5::Mode::read);
        const auto dataset = hdf5::open_dataset(file.get(), "data");
        const auto space = hdf5::space_of(dataset);
        std::size_t cells = 1;
        for (const hsize_t n : hdf5::shape_of(space))
            cells *= n;
        std::vector<double> values(cells);
        hdf5::read(dataset, H5T_NATIVE_DOUBLE, hdf5::simple_space(hdf5::shape_of(space)), space,
                   values.data());
        return values;
    }

    /// The file names of /source, without directories, in order.
    std::vector<std::string> sources() const {
        const auto file = hdf5::open_file(out, hdf5::Mode::read);
        const auto dataset = hdf5::open_dataset(file.get(), "source");
        const auto space = hdf5::space_of(dataset);
        const auto shape = hdf5::shape_of(space);
        const auto type = hdf5::type_of(dataset);
        const std::size_t bytes = H5Tget_size(type.get());
        std::size_t count = 1;
        for (const hsize_t n : shape)
            count *= n;
        std::string text(count * bytes, '\0');
        hdf5::read(dataset, type.get(), hdf5::simple_space(shape), space, text.data());
        std::vector<std::string> names;
        for (std::size_t i = 0; i < count; ++i)
            names.push_back(
                std::filesystem::path(std::string(text.substr(i * bytes, bytes).c_str()))
                    .filename());
        return names;
    }

    TemporaryDirectory directory;
    std::filesystem::path out = directory / "out.h5";
    rework::FileList list;
    rework::GatherOptions options;
    std::vector<std::string> notes;
};

} // namespace morphogen::test
