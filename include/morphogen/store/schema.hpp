#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"

#include <array>
#include <string>
#include <string_view>

/// Every name and attribute of the files that a run writes, in one place (SPEC section 4).
///
///     /v /u        [time, (z,) y, x]  f32 | f64   the frames; NaN where nothing was written
///     /time        [time] f64         model time, the time axis' coordinate
///     /step        [time] i64         simulation step; its length counts the committed frames
///     /z /y /x     f64                cell centres (i + 1/2) h of the cells that the file holds
///     /stats/F_S   [time] f64         F = u, v; S = min, max, mean: over the whole grid
///     /provenance/NNNN                attributes of one launch; "lost" alone: why they are gone
///
/// A part (parts/SSSS.RRRR.h5) has the same content for its block, `/step`, `/time` and `/stats`
/// included: it says by itself how many of its frames are complete, and frames.h5 can be made anew
/// from the parts alone. Its root attributes place it: `grid_shape` and `block_offset` unless it
/// holds the whole grid, `first_frame` (number in the run), `segment_parts` (files of its segment),
/// `part_rank` (number among them) and `layout` ("parts" or "shared"). A frames.h5 that holds the
/// data itself has the last four as well.
namespace morphogen::store::schema {

inline constexpr const char* time = "time";
inline constexpr const char* step = "step";
inline constexpr const char* stats = "stats";
inline constexpr const char* provenance = "provenance";
inline constexpr std::array<const char*, 3> axes{"z", "y", "x"}; // the last `dims` of them

/// Records per chunk of /step, /time and /stats/*: 1 KiB, what one commit rewrites of each.
inline constexpr core::Index records_per_chunk = 128;

enum class Statistic { min, max, mean };
inline constexpr std::array<Statistic, 3> statistics{Statistic::min, Statistic::max,
                                                     Statistic::mean};

constexpr std::string_view name_of(Statistic s) noexcept {
    return s == Statistic::min ? "min" : s == Statistic::max ? "max" : "mean";
}

/// "v_min", below /stats.
inline std::string statistic_name(core::Field field, Statistic statistic) {
    return std::string(core::name_of(field)) + "_" + std::string(name_of(statistic));
}

// Attributes of the CF conventions. No `axis` on y and x: VTK takes such axes for longitude and
// latitude. `units` is "1" throughout: xarray would decode time units to dates or timedeltas.
inline constexpr const char* conventions = "Conventions";
inline constexpr const char* cf_version = "CF-1.10";
inline constexpr const char* units = "units";
inline constexpr const char* dimensionless = "1";
inline constexpr const char* long_name = "long_name";
/// On /time only: else VTK, which knows time by its units, finds no time steps.
inline constexpr const char* axis = "axis";
inline constexpr const char* time_axis = "T";
/// On the frames: makes /step a coordinate beside /time in xarray and every CF reader.
inline constexpr const char* coordinates = "coordinates";

inline constexpr const char* lost = "lost"; // of a launch

inline constexpr const char* grid_shape = "grid_shape";
inline constexpr const char* block_offset = "block_offset";
inline constexpr const char* first_frame = "first_frame";
inline constexpr const char* segment_parts = "segment_parts";
inline constexpr const char* part_rank = "part_rank";
inline constexpr const char* part_layout = "layout";
inline constexpr const char* parts_layout = "parts";
inline constexpr const char* shared_layout = "shared";

/// "0000", "0001": the subgroup of a launch.
std::string launch_name(core::Index launch);
/// "parts/0000.0003.h5", relative to frames.h5, as its virtual datasets name their sources.
std::string part_name(core::Index segment, int rank);

} // namespace morphogen::store::schema
