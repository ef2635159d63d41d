#include "config/items.hpp"
#include "config/schema.hpp"

namespace morphogen::config {
namespace {

const auto u_of = [](auto& item) -> auto& {
    return item.values.u;
};
const auto v_of = [](auto& item) -> auto& {
    return item.values.v;
};

/// One value per axis; needs the grid's rank.
template <typename Item, typename T>
Rule<Item> per_axis(std::array<T, 3> Item::*member, std::string_view of_what, std::string example2,
                    std::string example3) {
    return {"", example2,
            [=, what = std::string(of_what)](const Value& value, Item& item, Reader& reader) {
                const int dims = reader.dims().value_or(0);
                std::optional<std::vector<T>> list;
                if constexpr (std::integral<T>)
                    list = as_integers(value, -largest_count, largest_count);
                else
                    list = as_numbers(value, {-largest_number, largest_number});
                if (list && dims == 0) return none(); // the grid's own error is enough
                if (!list || std::ssize(*list) != dims)
                    return not_per_axis(value, what, dims, dims == 3 ? example3 : example2);
                item.*member = to_zyx(*list);
                return none();
            },
            [=](const Item& item, const Config& config) {
                return show_list(from_zyx(item.*member, config.grid.dims));
            },
            example3};
}

std::string sets_nothing(const Patch& values) {
    return values.u || values.v ? "" : "sets neither u nor v; add for example v = 1.0";
}

std::string complete_file(InitialFile& file, const Grid&) {
    if (file.dataset.empty()) file.dataset = name_of(file.field);
    return "";
}

std::string check_scatter(const InitialScatter& scatter, const Grid&) {
    return sets_nothing(scatter.values);
}

std::string check_box(InitialBox& box, const Grid& grid) {
    if (grid.dims == 2) box.to[0] = 1;
    if (auto text = sets_nothing(box.values); !text.empty()) return text;
    for (std::size_t a = 3 - static_cast<std::size_t>(grid.dims); a < 3; ++a) {
        const char axis = "zyx"[a];
        if (box.to[a] <= box.from[a])
            return fmt::format("holds no cell: along {} it goes from {} to {} (the end is not part "
                               "of it); make 'to' "
                               "larger than 'from'",
                               axis, box.from[a], box.to[a]);
        if (box.to[a] <= 0 || box.from[a] >= grid.shape[a])
            return fmt::format("lies wholly outside the grid: along {} it holds cells {} to {}, "
                               "the grid has 0 to {}; "
                               "move it into the grid",
                               axis, box.from[a], box.to[a] - 1, grid.shape[a] - 1);
    }
    return "";
}

std::string check_disk(const InitialDisk& disk, const Grid& grid) {
    if (auto text = sets_nothing(disk.values); !text.empty()) return text;
    double squared = 0.0; // distance from the center to the nearest cell of the grid
    for (std::size_t a = 3 - static_cast<std::size_t>(grid.dims); a < 3; ++a) {
        const double last = static_cast<double>(grid.shape[a] - 1);
        const double nearest = std::clamp(std::nearbyint(disk.center[a]), 0.0, last);
        squared += (disk.center[a] - nearest) * (disk.center[a] - nearest);
    }
    if (squared <= disk.radius * disk.radius) return "";
    return fmt::format("lies wholly outside the grid: no cell is within {} cells of its center {}, "
                       "the grid is {}; move "
                       "its center into the grid or make it larger",
                       show(disk.radius), show_list(from_zyx(disk.center, grid.dims)),
                       show_list(from_zyx(grid.shape, grid.dims)));
}

const std::vector<Key<InitialFile>>& file_keys() {
    using R = Rules<InitialFile>;
    static const std::vector<Key<InitialFile>> keys{
        {"path", "HDF5 file", R::text(&InitialFile::path, "\"start.h5\""), "file", true},
        {"dataset", "the field's name if left out", R::text(&InitialFile::dataset, "\"v\"")},
        {"frame", "-1: the last", R::integer(&InitialFile::frame, -largest_count, largest_count),
         "index"},
        {"field", "\"u\" | \"v\"",
         R::choice(&InitialFile::field, {{"u", Field::u}, {"v", Field::v}})},
    };
    return keys;
}

const std::vector<Key<InitialBox>>& box_keys() {
    using R = Rules<InitialBox>;
    static const std::vector<Key<InitialBox>> keys{
        {"from", "first cell",
         per_axis(&InitialBox::from, "integers", "[468, 840]", "[10, 10, 10]"), "start lo", true},
        {"to", "one past the last cell",
         per_axis(&InitialBox::to, "integers", "[536, 960]", "[20, 20, 20]"), "end hi", true},
        {"u", "", R::optional_real(u_of, "0.0")},
        {"v", "", R::optional_real(v_of, "1.0")},
    };
    return keys;
}

const std::vector<Key<InitialDisk>>& disk_keys() {
    using R = Rules<InitialDisk>;
    static const std::vector<Key<InitialDisk>> keys{
        {"center", "cells",
         per_axis(&InitialDisk::center, "numbers", "[500.0, 800.0]", "[16.0, 16.0, 16.0]"),
         "centre", true},
        {"radius", "cells",
         R::with_example(R::real(&InitialDisk::radius, {0.0, 1e15, true}), "12.0"), "r", true},
        {"u", "", R::optional_real(u_of, "0.25")},
        {"v", "", R::optional_real(v_of, "0.33")},
    };
    return keys;
}

const std::vector<Key<InitialScatter>>& scatter_keys() {
    using R = Rules<InitialScatter>;
    static const std::vector<Key<InitialScatter>> keys{
        {"count", "positions are drawn from model.seed",
         R::with_example(R::integer(&InitialScatter::count, 1, Index{1} << 31), "40"), "number",
         true},
        {"radius", "cells", R::real(&InitialScatter::radius, {0.0, 1e15, true}), "r"},
        {"u", "", R::optional_real(u_of, "0.25")},
        {"v", "", R::optional_real(v_of, "0.33")},
    };
    return keys;
}

InitialFile example_file() {
    return {"start.h5", "v", -1, Field::v};
}
InitialBox example_box() {
    return {{0, 468, 840}, {1, 536, 960}, {0.0, 1.0}};
}
InitialDisk example_disk() {
    return {{0.0, 500.0, 800.0}, 12.0, {0.25, 0.33}};
}
InitialScatter example_scatter() {
    return {40, 6.0, {0.25, 0.33}};
}

} // namespace

const std::vector<Key<Initial>>& initial_keys() {
    using R = Rules<Initial>;
    static const std::vector<Key<Initial>> keys{
        {"u", "background", R::real(&Initial::u, {-largest_number, largest_number})},
        {"v", "", R::real(&Initial::v, {-largest_number, largest_number})},
        items("initial.file", "the grid's shape", &Initial::files, file_keys(), example_file(),
              complete_file),
        items("initial.box", "half-open, cells", &Initial::boxes, box_keys(), example_box(),
              check_box),
        items("initial.disk", "a ball in 3-D", &Initial::disks, disk_keys(), example_disk(),
              check_disk),
        item("initial.scatter", "disks at random places", &Initial::scatter, scatter_keys(),
             example_scatter(), check_scatter),
    };
    return keys;
}

} // namespace morphogen::config
