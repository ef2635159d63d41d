#include "store/salvaged_records.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/kernel/exact_sum.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/schema.hpp"

#include "store/column.hpp"
#include "store/hdf5/overlay_driver.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace morphogen::store {
namespace {

using core::Index;

/// Nothing if it cannot be opened.
std::optional<Index> length_of(const hdf5::File& file, const std::string& name) {
    try {
        const auto shape = hdf5::shape_of(hdf5::open_dataset(file.get(), name.c_str()));
        if (shape.size() == 1) return static_cast<Index>(shape.front());
    } catch (const core::Error&) { // it cannot
    }
    return std::nullopt;
}

/// Nothing if a part of it cannot be read.
template <typename Value>
std::optional<std::vector<Value>> column(const hdf5::File& file, const std::string& name,
                                         hid_t type, Index count) {
    if (length_of(file, name).value_or(0) < count) return std::nullopt;
    try {
        hdf5::take_read_past_end();
        auto values = read_column<Value>(file, name, type, count);
        if (!hdf5::take_read_past_end()) return values;
    } catch (const core::Error&) { // none
    }
    return std::nullopt;
}

/// Zeros, where a disk has a hole, are no steps.
void keep_in_order(std::vector<FrameRecord>& records) {
    const auto end = std::adjacent_find(
        records.begin(), records.end(),
        [](const FrameRecord& a, const FrameRecord& b) { return a.step >= b.step; });
    if (end != records.end()) records.erase(end + 1, records.end());
}

/// Steps and times of the first @p count frames; none if they cannot be told.
std::vector<FrameRecord> moments(const hdf5::File& file, Index count,
                                 std::optional<double> time_step) {
    const auto steps = column<std::int64_t>(file, schema::step, H5T_NATIVE_INT64, count);
    const auto times = column<double>(file, schema::time, H5T_NATIVE_DOUBLE, count);
    if (!(steps && times) && !((steps || times) && time_step)) return {};
    std::vector<FrameRecord> records(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].number = static_cast<Index>(i);
        records[i].step = steps ? (*steps)[i] : std::llround((*times)[i] / *time_step);
        records[i].time = times ? (*times)[i] : static_cast<double>((*steps)[i]) * *time_step;
    }
    return records;
}

void add_statistics(const hdf5::File& file, core::Field field, std::vector<FrameRecord>& records) {
    constexpr std::array members{&FieldStatistics::min, &FieldStatistics::max,
                                 &FieldStatistics::mean};
    for (std::size_t s = 0; s < members.size(); ++s) {
        const std::string name =
            std::string(schema::stats) + "/" + schema::statistic_name(field, schema::statistics[s]);
        const auto values =
            column<double>(file, name, H5T_NATIVE_DOUBLE, static_cast<Index>(records.size()));
        for (std::size_t i = 0; i < records.size(); ++i)
            records[i].statistics[static_cast<std::size_t>(field)].*members[s] =
                values ? (*values)[i] : std::numeric_limits<double>::quiet_NaN();
    }
}

} // namespace

std::vector<FrameRecord> salvage_records(const hdf5::File& file,
                                         std::span<const core::Field> fields, Index limit,
                                         std::optional<double> time_step) {
    // They lie in chunks of columns, the last of which may be beyond the end.
    constexpr Index together = schema::records_per_chunk;
    // /step counts; /time is as long but for the moment of a commit, when the frame is complete.
    auto counted = length_of(file, schema::step);
    if (!counted) counted = length_of(file, schema::time);
    std::vector<FrameRecord> records;
    for (Index n = std::min(limit, counted.value_or(0)); n > 0 && records.empty();
         n = (n - 1) / together * together)
        records = moments(file, n, time_step);
    keep_in_order(records);
    for (const core::Field field : fields)
        add_statistics(file, field, records);
    return records;
}

bool lacks_any(const FieldStatistics& s) noexcept {
    return std::isnan(s.min) || std::isnan(s.max) || std::isnan(s.mean);
}

FieldStatistics statistics_of(std::span<const double> cells) {
    kernel::ExactSum sum;
    FieldStatistics all{std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity(), 0.0};
    for (const double cell : cells) {
        all.min = std::min(all.min, cell + 0.0); // -0 counts as +0
        all.max = std::max(all.max, cell + 0.0);
        sum.add(cell);
    }
    all.mean = sum.value() / static_cast<double>(cells.size());
    return all;
}

} // namespace morphogen::store
