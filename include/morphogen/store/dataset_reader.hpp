#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/hdf5/handle.hpp"
#include "morphogen/store/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace morphogen::store {

/// Where a block's bytes are: piece and number in the piece's grid.
struct BlockId {
    std::size_t piece = 0;
    core::Index number = 0;
};

/// One dataset behind the one that is read: itself, or a source of a virtual one. Its blocks are
/// its chunks; data without chunks, or with filters that only the library knows in such a place,
/// are read through the library in blocks of our choice.
struct DatasetPiece {
    core::NdBox place;       // of the whole that it covers
    core::Dims shift;        // its own index + shift = index in the whole
    core::ChunkGrid grid;    // in its own indices
    bool chunked = false;    // in the file
    bool decodable = false;  // chunks come as they are stored, for a codec::ChunkDecoder
    bool bare_edges = false; // chunks that reach over an edge are stored without filters
    std::vector<codec::Hdf5Filter> filters;
    std::filesystem::path file;
    std::string dataset;
    std::uint64_t file_bytes = 0;
    hdf5::File handle; // unset: the reader's own
    hdf5::Dataset data;
};

/// What a stored block is in the file.
struct StoredBlock {
    std::uint64_t bytes = 0; // 0: never written, all fill
    std::uint64_t offset = 0;
    int descriptor = -1; // of the file, as long as the reader lives
    std::uint32_t filter_mask = 0;
};

/// A dataset of any HDF5 file with elements of fixed size, rank 1 to 8, whatever its layout, as a
/// set of blocks that can be read one by one. The time axis of a run's field ends with its last
/// committed frame. One thread of a process may use it, or HDF5 at all, at a time; it keeps its
/// file open.
class DatasetReader {
public:
    /// @throws core::Error: no such dataset, elements of variable size, rank 0 or above 8; a source
    /// of a virtual dataset is missing.
    DatasetReader(std::shared_ptr<const FileReader> file, const std::string& path);

    const FileReader& file() const noexcept { return *file_; }
    const DatasetInfo& info() const noexcept { return info_; }
    const core::Dims& shape() const noexcept { return shape_; }
    const ElementType& type() const noexcept { return type_; }
    std::size_t element_size() const noexcept { return type_.size; }
    /// The fill value as it would lie in the file, one element.
    std::span<const std::byte> fill() const noexcept { return fill_; }
    std::uint64_t raw_bytes() const noexcept {
        return static_cast<std::uint64_t>(core::volume(shape_)) * type_.size;
    }

    const std::vector<DatasetPiece>& pieces() const noexcept { return pieces_; }
    /// A filter that neither this program nor its HDF5 has, as far as the plugins there are; empty
    /// if the blocks can be decoded.
    std::string missing_filter() const;
    /// All that lies in @p box, piece by piece.
    std::vector<BlockId> blocks_in(const core::NdBox& box) const;
    core::Index count_blocks_in(const core::NdBox& box) const;
    /// The same blocks, at most @p most at once: a file may have more than a list has room for.
    void each_blocks_in(const core::NdBox& box, std::size_t most,
                        const std::function<void(std::span<const BlockId>)>& use) const;
    /// Elements of a block as it is decoded, in indices of the whole: a chunk reaches over edges.
    core::NdBox full_box(BlockId block) const noexcept;
    /// Those that belong to the whole.
    core::NdBox box(BlockId block) const noexcept;
    /// Bytes of the largest block, decoded; and as stored at most: more is taken for damage.
    std::size_t block_bytes() const noexcept { return block_bytes_; }
    std::size_t stored_bound() const noexcept { return stored_bound_; }

    /// Where a decodable block lies in the file.
    /// @throws core::Error if that cannot be right
    StoredBlock stored(BlockId block) const;
    /// The bytes as stored, where stored() said; @p out has as many. Any thread, several at a time.
    void read_stored(BlockId block, const StoredBlock& stored, std::span<std::byte> out) const;
    /// The elements of box(block) through the library, in file order of bytes, dense.
    void read_plain(BlockId block, std::span<std::byte> out) const;
    /// The elements of any box through the library.
    void read_plain(const core::NdBox& box, std::span<std::byte> out) const;

    /// "file, dataset, chunk at (0, 270, 480)": for errors. Any thread.
    std::string describe(BlockId block) const;
    /// The same, and ", offset 4096, length 1234" in the file. Any thread.
    std::string describe(BlockId block, const StoredBlock& stored) const;

private:
    void add_own_piece();
    bool add_source_pieces();
    DatasetPiece make_piece(hdf5::Dataset data, const DatasetInfo& info) const;
    core::NdBox chunks_in(const DatasetPiece& piece, const core::NdBox& box) const;
    void check_stored(const DatasetInfo& info, std::uint64_t file_bytes) const;
    void find_sizes();
    const hdf5::Dataset& data_of(const DatasetPiece& piece) const noexcept;
    std::uint64_t most_stored(const DatasetPiece& piece) const noexcept;
    StoredBlock look_up(BlockId block) const;
    std::string locate(BlockId block) const;
    template <typename Read>
    void guarded(BlockId block, Read&& read) const;

    std::shared_ptr<const FileReader> file_;
    DatasetInfo info_;
    core::Dims shape_;
    ElementType type_;
    std::vector<std::byte> fill_;
    hdf5::Dataset data_;
    std::vector<DatasetPiece> pieces_;
    std::size_t block_bytes_ = 0;
    std::size_t stored_bound_ = 0;
};

} // namespace morphogen::store
