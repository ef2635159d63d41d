#pragma once

#include "morphogen/rework/image.hpp"
#include "morphogen/rework/open_dataset.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/reader.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

/// What several of this folder's files need.
namespace morphogen::test {

inline constexpr std::uint64_t plenty = std::uint64_t{1} << 26; // of memory, for small files
inline const rework::ReworkBudget budget{.threads = 2, .memory = plenty};

inline std::unique_ptr<store::DatasetReader> open(const std::filesystem::path& path,
                                                  const std::string& name = "data") {
    return std::make_unique<store::DatasetReader>(std::make_shared<store::FileReader>(path), name);
}

inline rework::Rgb pixel(const rework::Image& image, core::Index x, core::Index y) {
    const auto* p = image.rgb.data() + 3 * (y * image.width + x);
    return {p[0], p[1], p[2]};
}

} // namespace morphogen::test
