#pragma once

#include "store/checkpoint_format.hpp"

#include <cstdint>
#include <span>

namespace morphogen::store::checkpoint {

/// Writes rank @p rank's piece as @p path; nothing is left there if it fails.
void write_piece(const std::filesystem::path& path, const CheckpointHeader& header, int rank,
                 const core::Box& block, const std::array<std::span<const std::byte>, 2>& fields,
                 core::Durability durability);

/// One rank's piece, opened for reading. HDF5 is used by the constructor only.
class Piece {
public:
    /// @throws core::Error: not there, damaged, or not what header and block say.
    Piece(std::filesystem::path path, const CheckpointHeader& header, int rank,
          const core::Box& block);

    /// The cells that @p box and the block share, to their places in @p out, dense over @p box.
    /// @throws core::Error: unreadable, wrong checksum
    void read(core::Field field, const core::Box& box, std::span<std::byte> out) const;

    /// Reads all of it; adds each wrong checksum or unreadable part to @p problems.
    void check(std::vector<std::string>& problems) const;

private:
    struct Stored {
        std::uint64_t offset = 0; // of the data in the file
        core::Index rows_per_sum = 1;
        std::vector<std::int64_t> sums;
    };
    Stored find(const hdf5::File& file, core::Field field, core::Precision precision) const;
    core::Index slabs(const Stored& stored) const;
    /// Reads rows [first, last) of the block and checks them. @throws core::Error
    std::span<const std::byte> read_slab(int fd, core::Field field, core::Index slab,
                                         std::vector<std::byte>& buffer) const;

    std::filesystem::path path_;
    int dims_;
    core::Box block_;
    std::size_t row_bytes_;
    std::array<Stored, 2> stored_;
};

} // namespace morphogen::store::checkpoint
