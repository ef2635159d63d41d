#pragma once

#include "morphogen/core/error.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/hdf5/handle.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

/// What lies in a checkpoint's files, and under which names.
namespace morphogen::store::checkpoint {

// Root attributes; grid_shape and block_offset are those of the parts (schema.hpp).
inline constexpr core::Index format_version = 1;

namespace name {
inline constexpr const char* version = "checkpoint_version";
inline constexpr const char* step = "step";
inline constexpr const char* frames = "frames";
inline constexpr const char* spacing = "spacing";
inline constexpr const char* isa = "isa";
inline constexpr const char* fma = "fma";
inline constexpr const char* config = "config";
inline constexpr const char* ranks = "ranks";
inline constexpr const char* rank = "rank"; // of a piece

// On a piece's /u and /v: CRC-32 (zlib's) of the bytes of each `crc32_rows` rows along x.
inline constexpr const char* crc32 = "crc32";
inline constexpr const char* crc32_rows = "crc32_rows";
} // namespace name

inline constexpr std::array<core::Field, 2> fields{core::Field::u, core::Field::v};

/// "0003.h5".
std::string piece_name(int rank);

/// The last @p dims axes.
std::vector<hsize_t> cells_of(int dims, const core::Extents& cells);
inline core::Index volume(const core::Box& box) {
    return core::volume(box.shape());
}

[[noreturn]] inline void fail(std::string_view what, const std::string& where, std::string_view why,
                              std::string_view advice = {}) {
    throw core::Error(core::ErrorText{.what = what, .where = where, .why = why, .advice = advice});
}

} // namespace morphogen::store::checkpoint
