// A small HDF5 file for the examples that read one: /v [time, y, x], float32, compressed chunks.
#pragma once

#include "morphogen/store/array_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sample {

/// Of element @p n, row-major.
inline float value(morphogen::core::Index n) {
    return static_cast<float>(n % 9973);
}

/// Removed with the object.
class File {
public:
    explicit File(const std::string& name)
        : path_(std::filesystem::temp_directory_path() / (name + ".h5")) {
        const morphogen::core::Dims shape{40, 90, 120};
        std::vector<float> values;
        for (morphogen::core::Index n = 0; n < morphogen::core::volume(shape); ++n)
            values.push_back(value(n));
        morphogen::store::ArrayFile file(path_, true);
        file.add_axis("time", shape[0]);
        file.add_axis("y", shape[1]);
        file.add_axis("x", shape[2]);
        file.add({.name = "v",
                  .type = {},
                  .axes = {"time", "y", "x"},
                  .layout = {{1, 45, 60}, morphogen::codec::FilterPipeline{.element_size = 4}}},
                 std::as_bytes(std::span(values)));
        file.close();
    }
    ~File() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace sample
