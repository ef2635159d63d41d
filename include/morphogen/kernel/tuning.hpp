#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/kernel/physics.hpp"
#include "morphogen/kernel/stepper.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Choosing a tiling by measurement. No choice changes a bit of the result.
namespace morphogen::kernel {

/// Tilings worth measuring for a block of @p shape cells. The first is choose_tiling()'s, with
/// @p deepest steps (0: as many as that chooses), and no other is deeper.
template <typename T>
std::vector<Tiling> candidate_tilings(int dims, const core::Extents& shape, Isa isa, int threads,
                                      core::Index deepest = 0);

/// The fastest of the candidates, measured on a grid as large as the block or a part of it
/// (tuning_bytes at most), for about @p seconds, and each candidate once at least. One that is not
/// clearly faster than the first does not replace it.
/// @throws std::bad_alloc
template <typename T>
Tiling measure_tiling(const Physics& physics, const core::Extents& shape, Isa isa, int threads,
                      double seconds, core::Index deepest = 0);

/// The most memory that measure_tiling() takes for its grid: more than most third caches hold.
inline constexpr std::size_t tuning_bytes = std::size_t{128} << 20U;

/// Measured tilings, one small file each, for all programs of a user. It can only save time: what
/// is missing, damaged or cannot be written is as if it had never been measured. Any number of
/// processes may use a directory at the same time.
class TilingCache {
public:
    /// @p directory is made when something is stored; empty: nothing is ever kept.
    explicit TilingCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

    std::optional<Tiling> find(std::string_view key) const noexcept;
    void store(std::string_view key, const Tiling& tiling) const noexcept;

    /// $XDG_CACHE_HOME/morphogen, ~/.cache/morphogen, or empty where neither is set.
    static std::filesystem::path default_directory();

private:
    std::filesystem::path file_of(std::string_view key) const;

    std::filesystem::path directory_;
};

/// One line that names what a tiling was measured for: the processor, its cache, and the arguments,
/// @p deepest that of measure_tiling().
template <typename T>
std::string tiling_key(Stencil stencil, const core::Extents& shape, Isa isa, int threads, int ranks,
                       core::Index deepest);

} // namespace morphogen::kernel
