#include "store/virtual_pieces.hpp"

#include "store/dataset_info.hpp"

#include <array>

namespace morphogen::store {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;
using hdf5::call;

struct Selection {
    Dims start;
    Dims extent; // -1: without end
};

/// The selection as one box; nothing if it is more than that.
std::optional<Selection> selected_box(const hdf5::Space& space) {
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank < 1 || rank > Dims::max_rank) return std::nullopt;
    if (H5Sget_select_type(space.get()) == H5S_SEL_ALL) {
        std::array<hsize_t, Dims::max_rank> n{};
        call("H5Sget_simple_extent_dims", {},
             [&] { return H5Sget_simple_extent_dims(space.get(), n.data(), nullptr); });
        return Selection{Dims(rank, 0),
                         Dims::from(std::span(n.data(), static_cast<std::size_t>(rank)))};
    }
    if (H5Sget_select_type(space.get()) != H5S_SEL_HYPERSLABS ||
        H5Sis_regular_hyperslab(space.get()) <= 0)
        return std::nullopt;
    std::array<hsize_t, Dims::max_rank> start{};
    std::array<hsize_t, Dims::max_rank> stride{};
    std::array<hsize_t, Dims::max_rank> count{};
    std::array<hsize_t, Dims::max_rank> block{};
    call("H5Sget_regular_hyperslab", {}, [&] {
        return H5Sget_regular_hyperslab(space.get(), start.data(), stride.data(), count.data(),
                                        block.data());
    });
    Selection s{Dims(rank, 0), Dims(rank, 0)};
    for (int a = 0; a < rank; ++a) {
        const auto i = static_cast<std::size_t>(a);
        s.start[a] = static_cast<Index>(start[i]);
        if (count[i] == H5S_UNLIMITED || block[i] == H5S_UNLIMITED) {
            if (a != 0 || (block[i] != H5S_UNLIMITED && stride[i] != block[i])) return std::nullopt;
            s.extent[a] = -1;
        } else {
            if (count[i] != 1 && stride[i] != block[i]) return std::nullopt;
            s.extent[a] = static_cast<Index>(count[i] * block[i]);
        }
    }
    return s;
}

std::optional<VirtualPiece> box_piece(const hdf5::Properties& creation, std::size_t i,
                                      const Dims& shape) {
    const hdf5::Space to(call("H5Pget_virtual_vspace", {},
                              [&] { return H5Pget_virtual_vspace(creation.get(), i); }));
    const hdf5::Space from(call("H5Pget_virtual_srcspace", {},
                                [&] { return H5Pget_virtual_srcspace(creation.get(), i); }));
    const auto target = selected_box(to);
    // The file does not say how much "all" is.
    const bool whole = H5Sget_select_type(from.get()) == H5S_SEL_ALL;
    const auto source =
        whole ? Selection{Dims(shape.rank(), 0), Dims(shape.rank(), -1)} : selected_box(from);
    if (!target || !source || target->start.rank() != shape.rank() ||
        source->start.rank() != shape.rank())
        return std::nullopt;
    // A source space whose extent is not known yet selects nothing in its growing axis.
    VirtualPiece piece{
        .place = {target->start, target->start}, .source = source->start, .whole = whole};
    for (int a = 0; a < shape.rank(); ++a) {
        Index extent = target->extent[a];
        if (extent < 0) {
            piece.follows = true;
            extent = shape[a] - target->start[a];
        } else if (source->extent[a] >= 0 && source->extent[a] != extent) {
            return std::nullopt;
        }
        piece.place.hi[a] = std::min(target->start[a] + extent, shape[a]);
    }
    return piece;
}

bool tile_exactly(const std::vector<VirtualPiece>& pieces, const Dims& shape) {
    constexpr std::size_t too_many = 16384; // to compare every two: a second
    if (pieces.size() > too_many) return false;
    Index covered = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        covered += pieces[i].place.volume();
        for (std::size_t j = 0; j < i; ++j)
            if (!intersect(pieces[i].place, pieces[j].place).empty()) return false;
    }
    return covered == core::volume(shape);
}

} // namespace

std::optional<std::vector<VirtualPiece>> box_pieces(const hdf5::Properties& creation,
                                                    const Dims& shape) {
    const auto sources = virtual_sources(creation);
    std::vector<VirtualPiece> pieces;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (sources[i].file.find("%b") != std::string::npos) return std::nullopt;
        auto piece = box_piece(creation, i, shape);
        if (!piece) return std::nullopt;
        piece->file = sources[i].file;
        piece->dataset = sources[i].dataset;
        pieces.push_back(std::move(*piece));
    }
    if (!tile_exactly(pieces, shape)) return std::nullopt;
    return pieces;
}

} // namespace morphogen::store
