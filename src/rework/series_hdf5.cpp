#include "morphogen/store/array_file.hpp"

#include "rework/series_output.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;

class Hdf5Output final : public SeriesOutput {
public:
    Hdf5Output(const SeriesTable& table, const std::filesystem::path& path, bool replace)
        : points_(static_cast<Index>(table.points.size())), file_(path, replace) {
        const store::DatasetReader& reader = table.reader;
        if (table.time)
            file_.add_axis("time", table.time->type, table.time->values);
        else
            file_.add_axis("time", reader.shape()[0]);
        file_.add_axis("point", points_);
        file_.add_axis("axis", reader.shape().rank() - 1);
        if (table.step)
            file_.add({.name = "step", .type = table.step->type, .axes = {"time"}},
                      table.step->values);
        std::vector<std::int64_t> indices;
        for (const Dims& point : table.points)
            indices.insert(indices.end(), point.begin(), point.end());
        file_.add({.name = "points",
                   .type = store::int64_type,
                   .axes = {"point", "axis"},
                   .long_name = "indices in the dataset along every axis but time's"},
                  std::as_bytes(std::span(indices)));
        file_.add({.name = "series",
                   .type = reader.type(),
                   .axes = {"time", "point"},
                   .long_name = reader.info().path + " at these points"});
        writer_.emplace(file_.writer("series"));
    }

    void put(Index first, Index count, std::span<const std::byte> values) override {
        writer_->write_box({{first, 0}, {first + count, points_}}, values);
    }
    void close() override {
        writer_->close();
        writer_.reset();
        file_.close();
    }

private:
    Index points_;
    store::ArrayFile file_;
    std::optional<store::DatasetWriter> writer_; // gone before the file
};

} // namespace

std::unique_ptr<SeriesOutput> hdf5_output(const SeriesTable& table,
                                          const std::filesystem::path& path, bool replace) {
    return std::make_unique<Hdf5Output>(table, path, replace);
}

} // namespace morphogen::rework
