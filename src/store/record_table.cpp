#include "store/record_table.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/schema.hpp"

#include <bit>
#include <string>

namespace morphogen::store {
namespace {

using core::Index;

double pick(const FieldStatistics& figures, std::size_t statistic) {
    switch (schema::statistics[statistic]) {
    case schema::Statistic::min:
        return figures.min;
    case schema::Statistic::max:
        return figures.max;
    case schema::Statistic::mean:
        return figures.mean;
    }
    return figures.mean;
}

std::string statistic_path(core::Field field, std::size_t statistic) {
    return std::string(schema::stats) + "/" +
           schema::statistic_name(field, schema::statistics[statistic]);
}

/// No cache: chunks are written whole where one process writes, and not at all by another's.
hdf5::Dataset open_column(const hdf5::File& file, const std::string& name) {
    return hdf5::open_dataset(file.get(), name.c_str(), hdf5::uncached_dataset());
}

} // namespace

RecordTable::RecordTable(const hdf5::File& file, std::span<const core::Field> fields,
                         Writers writers) {
    const auto open = [&](const std::string& name, hid_t type) {
        return RecordColumn(open_column(file, name), type, writers);
    };
    time_ = open(schema::time, H5T_IEEE_F64LE);
    step_ = open(schema::step, H5T_STD_I64LE);
    for (const core::Field field : fields)
        for (std::size_t s = 0; s < schema::statistics.size(); ++s)
            statistics_.push_back({field, s, open(statistic_path(field, s), H5T_IEEE_F64LE)});
    size_ = step_.length();
}

bool RecordTable::can_append_to(const hdf5::File& file, std::span<const core::Field> fields) {
    const auto fits = [&](const std::string& name, hid_t type) {
        return RecordColumn::can_append_to(open_column(file, name), type);
    };
    bool all = fits(schema::time, H5T_IEEE_F64LE) && fits(schema::step, H5T_STD_I64LE);
    for (const core::Field field : fields)
        for (std::size_t s = 0; s < schema::statistics.size(); ++s)
            all = all && fits(statistic_path(field, s), H5T_IEEE_F64LE);
    return all;
}

void RecordTable::keep(Index frames) {
    if (frames < 0 || frames > size_)
        throw core::Error(
            core::ErrorText{.what = "frames are missing",
                            .where = hdf5::describe({.object = step_.dataset().get()}),
                            .why = std::to_string(frames) + " were committed, " +
                                   std::to_string(size_) + " are there"});
    size_ = frames;
}

void RecordTable::append(std::span<const FrameRecord> records) {
    append_statistics(records);
    append_times(records);
    append_steps(records);
}

void RecordTable::commit(std::span<const FrameRecord> records, SwmrFile& file) {
    append_statistics(records);
    file.flush();
    append_times(records);
    file.flush(time_.dataset());
    append_steps(records);
    file.flush(step_.dataset());
    file.end_commit();
}

template <typename Value>
void RecordTable::append(RecordColumn& column, std::span<const FrameRecord> records,
                         Value&& value) {
    values_.clear();
    for (const FrameRecord& record : records)
        values_.push_back(std::bit_cast<std::uint64_t>(value(record)));
    column.write(size_, values_);
}

void RecordTable::append_statistics(std::span<const FrameRecord> records) {
    for (StatisticColumn& one : statistics_)
        append(one.column, records, [&](const FrameRecord& record) {
            return pick(record.statistics[static_cast<std::size_t>(one.field)], one.statistic);
        });
}

void RecordTable::append_times(std::span<const FrameRecord> records) {
    append(time_, records, [](const FrameRecord& record) { return record.time; });
}

void RecordTable::append_steps(std::span<const FrameRecord> records) {
    append(step_, records, [](const FrameRecord& record) { return std::int64_t{record.step}; });
    size_ += static_cast<Index>(records.size());
}

void RecordTable::close() {
    for (StatisticColumn& one : statistics_)
        one.column.close();
    time_.close();
    step_.close();
}

void RecordTable::release() noexcept {
    for (StatisticColumn& one : statistics_)
        one.column.release();
    time_.release();
    step_.release();
}

} // namespace morphogen::store
