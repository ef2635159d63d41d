#include "store/record_table.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/schema.hpp"

#include <array>
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

} // namespace

RecordTable::RecordTable(const hdf5::File& file, std::span<const core::Field> fields,
                         Writers writers)
    : writers_(writers), time_(hdf5::open_dataset(file.get(), schema::time)),
      step_(hdf5::open_dataset(file.get(), schema::step)) {
    for (const core::Field field : fields)
        for (std::size_t s = 0; s < schema::statistics.size(); ++s) {
            const std::string name = std::string(schema::stats) + "/" +
                                     schema::statistic_name(field, schema::statistics[s]);
            statistics_.push_back({field, s, hdf5::open_dataset(file.get(), name.c_str())});
        }
    size_ = static_cast<Index>(hdf5::shape_of(step_).front());
}

void RecordTable::keep(Index frames) {
    if (frames < 0 || frames > size_)
        throw core::Error(core::ErrorText{.what = "frames are missing",
                                          .where = hdf5::describe({.object = step_.get()}),
                                          .why = std::to_string(frames) + " were committed, " +
                                                 std::to_string(size_) + " are there"});
    size_ = frames;
}

/// Grows a column and fills the new end. Its metadata are held meanwhile: a length that reached
/// the file before the values would show readers fill values.
template <typename Value>
void RecordTable::append(const hdf5::Dataset& column, hid_t type,
                         const std::vector<Value>& values) {
    const std::array<hsize_t, 1> first{static_cast<hsize_t>(size_)};
    const std::array<hsize_t, 1> count{values.size()};
    const std::array<hsize_t, 1> length{first[0] + count[0]};
    if (writers_ == Writers::alone) hdf5::hold_metadata(column);
    if (length[0] > hdf5::shape_of(column).front()) hdf5::resize(column, length);
    const hdf5::Space memory = hdf5::simple_space(count);
    const hdf5::Space file = hdf5::space_of(column);
    hdf5::select_box(file, first, count);
    if (writers_ == Writers::listening) {
        hdf5::select_none(memory);
        hdf5::select_none(file);
    }
    const hdf5::Properties transfer =
        writers_ == Writers::alone ? hdf5::Properties() : hdf5::collective_transfer();
    hdf5::write(column, type, memory, file, values.data(),
                transfer.valid() ? transfer.get() : H5P_DEFAULT);
    if (writers_ == Writers::alone) hdf5::let_metadata_go(column);
}

void RecordTable::append_statistics(std::span<const FrameRecord> records) {
    for (const Column& column : statistics_) {
        std::vector<double> values;
        for (const FrameRecord& record : records)
            values.push_back(
                pick(record.statistics[static_cast<std::size_t>(column.field)], column.statistic));
        append(column.dataset, H5T_NATIVE_DOUBLE, values);
    }
}

void RecordTable::append_steps(std::span<const FrameRecord> records) {
    std::vector<double> times;
    std::vector<std::int64_t> steps;
    for (const FrameRecord& record : records) {
        times.push_back(record.time);
        steps.push_back(record.step);
    }
    append(time_, H5T_NATIVE_DOUBLE, times);
    if (writers_ == Writers::alone) hdf5::flush_dataset(time_);
    append(step_, H5T_NATIVE_INT64, steps);
    size_ += static_cast<Index>(records.size());
}

void RecordTable::close() {
    for (Column& column : statistics_)
        column.dataset.close();
    time_.close();
    step_.close();
}

void RecordTable::release() noexcept {
    for (Column& column : statistics_)
        column.dataset.release();
    time_.release();
    step_.release();
}

} // namespace morphogen::store
