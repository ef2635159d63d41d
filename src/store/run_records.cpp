#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/schema.hpp"

#include "store/column.hpp"

#include <algorithm>
#include <array>
#include <utility>

/// What FileReader knows of a run: committed frames, their statistics, launches.
namespace morphogen::store {
namespace {

using core::Index;

std::string value_text(hid_t object, const std::string& name) {
    const auto number = [&] { return std::to_string(hdf5::read_integer(object, name.c_str())); };
    return hdf5::is_string(object, name.c_str()) ? hdf5::read_string(object, name.c_str())
                                                 : number();
}

Launch launch_in(const hdf5::Group& all, const std::string& name) {
    Launch launch{name, {}, {}};
    try {
        const auto group = hdf5::open_group(all.get(), name.c_str());
        for (const std::string& entry : hdf5::attribute_names(group.get()))
            launch.entries.emplace_back(entry, value_text(group.get(), entry));
    } catch (const core::Error& error) {
        launch.problem = error.what();
    }
    return launch;
}

} // namespace

std::optional<Index> FileReader::frames() const {
    if (told_frames_) return told_frames_;
    return counted_ ? counted_ : count_steps();
}

std::optional<Index> FileReader::count_steps() const {
    if (!hdf5::exists(file_.get(), schema::step)) return std::nullopt;
    const auto shape = hdf5::shape_of(hdf5::open_dataset(file_.get(), schema::step));
    if (shape.size() != 1) return std::nullopt;
    return static_cast<Index>(shape.front());
}

std::optional<Index> FileReader::frames_of(const std::string& dataset) const {
    const std::string_view name =
        std::string_view(dataset).substr(dataset.starts_with('/') ? 1 : 0);
    if (name != core::name_of(core::Field::u) && name != core::name_of(core::Field::v))
        return std::nullopt;
    // Other programs' files may have a /step and a /v too, of other lengths.
    if (!told_frames_ && !hdf5::exists(file_.get(), schema::provenance)) return std::nullopt;
    return frames();
}

std::vector<FrameRecord> FileReader::records(Index count) const {
    count = std::min(count, frames().value_or(0));
    if (count == 0 || !hdf5::exists(file_.get(), schema::time)) return {};
    const auto steps = read_column<std::int64_t>(file_, schema::step, H5T_NATIVE_INT64, count);
    const auto times = read_column<double>(file_, schema::time, H5T_NATIVE_DOUBLE, count);
    std::vector<FrameRecord> records(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].number = static_cast<Index>(i);
        records[i].step = steps[i];
        records[i].time = times[i];
    }
    for (const core::Field field : {core::Field::u, core::Field::v}) {
        const std::vector<FieldStatistics> stored = statistics(field, count);
        for (std::size_t i = 0; i < stored.size(); ++i)
            records[i].statistics[static_cast<std::size_t>(field)] = stored[i];
    }
    return records;
}

std::vector<FieldStatistics> FileReader::statistics(core::Field field, Index count) const {
    constexpr std::array members{&FieldStatistics::min, &FieldStatistics::max,
                                 &FieldStatistics::mean};
    std::vector<FieldStatistics> all(
        static_cast<std::size_t>(std::min(count, frames().value_or(0))));
    for (std::size_t s = 0; s < members.size(); ++s) {
        const std::string name =
            std::string(schema::stats) + "/" + schema::statistic_name(field, schema::statistics[s]);
        if (!hdf5::exists(file_.get(), name.c_str())) return {};
        const auto values =
            read_column<double>(file_, name, H5T_NATIVE_DOUBLE, static_cast<Index>(all.size()));
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i].*members[s] = values[i];
    }
    return all;
}

std::vector<Launch> FileReader::launches() const {
    std::vector<Launch> launches;
    hdf5::Group all;
    std::string name;
    const auto is_there = [&] {
        name = schema::launch_name(static_cast<Index>(launches.size()));
        return hdf5::exists(all.get(), name.c_str());
    };
    try {
        if (!hdf5::exists(file_.get(), schema::provenance)) return launches;
        all = hdf5::open_group(file_.get(), schema::provenance);
        while (is_there())
            launches.push_back(launch_in(all, name));
    } catch (const core::Error& error) { // nor can those behind it
        launches.push_back({name, {}, error.what()});
    }
    return launches;
}

} // namespace morphogen::store
