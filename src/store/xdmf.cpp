#include "morphogen/core/atomic_file.hpp"
#include "morphogen/store/run_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace morphogen::store {
namespace {

using core::Index;

/// "a b c" over the layout's spatial axes, slowest first.
template <typename Value>
std::string per_axis(int dims, const std::array<Value, 3>& values) {
    std::string text;
    for (std::size_t a = 3 - static_cast<std::size_t>(dims); a < 3; ++a)
        text += fmt::format("{}{}", text.empty() ? "" : " ", values[a]);
    return text;
}

/// One field of one frame: a hyperslab of the dataset, [start; stride; count] over its axes.
void add_attribute(std::string& out, const FrameLayout& layout, core::Field field, Index frame,
                   Index frames) {
    const std::string cells = per_axis(layout.dims, layout.global);
    const std::string zeros = per_axis<Index>(layout.dims, {0, 0, 0});
    const std::string ones = per_axis<Index>(layout.dims, {1, 1, 1});
    fmt::format_to(std::back_inserter(out),
                   R"(<Attribute Name="{0}" AttributeType="Scalar" Center="Cell">
<DataItem ItemType="HyperSlab" Dimensions="{1}" Type="HyperSlab">
<DataItem Dimensions="3 {2}" Format="XML" NumberType="Int">{3} {4} 1 {5} 1 {1}</DataItem>
<DataItem Dimensions="{6} {1}" Format="HDF" NumberType="Float" Precision="{7}">frames.h5:/{0}</DataItem>
</DataItem>
</Attribute>
)",
                   core::name_of(field), cells, layout.dims + 1, frame, zeros, ones, frames,
                   core::bytes_of(layout.precision));
}

void add_grid(std::string& out, const FrameLayout& layout, const FrameRecord& record,
              Index frames) {
    const core::Extents& n = layout.global;
    const auto h = layout.spacing;
    fmt::format_to(std::back_inserter(out),
                   R"(<Grid Name="frame {0}" GridType="Uniform">
<Time Value="{1}"/>
<Topology TopologyType="{2}DCoRectMesh" Dimensions="{3}"/>
<Geometry GeometryType="{4}">
<DataItem Dimensions="{2}" Format="XML" NumberType="Float" Precision="8">{5}</DataItem>
<DataItem Dimensions="{2}" Format="XML" NumberType="Float" Precision="8">{6}</DataItem>
</Geometry>
)",
                   record.number, record.time, layout.dims,
                   per_axis<Index>(layout.dims, {n[0] + 1, n[1] + 1, n[2] + 1}),
                   layout.dims == 2 ? "ORIGIN_DXDY" : "ORIGIN_DXDYDZ",
                   per_axis<double>(layout.dims, {0.0, 0.0, 0.0}),
                   per_axis<double>(layout.dims, {h, h, h}));
    for (const core::Field field : layout.fields)
        add_attribute(out, layout, field, record.number, frames);
    out += "</Grid>\n";
}

} // namespace

std::string xdmf_of(const FrameLayout& layout, std::span<const FrameRecord> frames) {
    FrameLayout sorted = layout; // the same whatever the configuration's order
    std::sort(sorted.fields.begin(), sorted.fields.end());
    std::string out = R"(<?xml version="1.0"?>
<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []>
<!-- ParaView: open with "XDMF Reader"; its Xdmf3 readers take a hyperslab's axes in the other order. -->
<Xdmf Version="2.2">
<Domain>
<Grid Name="frames" GridType="Collection" CollectionType="Temporal">
)";
    for (const FrameRecord& record : frames)
        add_grid(out, sorted, record, static_cast<Index>(frames.size()));
    return out += "</Grid>\n</Domain>\n</Xdmf>\n";
}

void write_xdmf(const config::Config& config, const RunDirectory& directory,
                const FrameLayout& layout, std::span<const FrameRecord> frames) {
    core::replace_file(directory.xdmf(), xdmf_of(layout, frames),
                       config.output.sync == config::Sync::never ? core::Durability::none
                                                                 : core::Durability::synced);
}

} // namespace morphogen::store
