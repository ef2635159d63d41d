#pragma once

#include "morphogen/codec/decoder.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/layout.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "store/hdf5/overlay_driver.hpp"
#include "store/salvage.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace morphogen::store {

/// A file of frames opened as far as its bytes go. One at a time.
class DamagedFile {
public:
    /// @throws core::Error if it cannot be opened
    DamagedFile(PartState part, Elsewhere elsewhere);

    const FileReader& reader() const { return *reader_; }
    DatasetReader data(core::Field field) const;

    /// What the file says of itself, or is known of it from elsewhere. @throws core::Error
    PartState state() const;
    /// As the file was made. @throws core::Error
    FrameLayout layout() const;
    /// Records of the first frames, at most @p limit: those known from elsewhere, else its own.
    /// From now on so many frames count.
    std::vector<FrameRecord> records(core::Index limit);
    /// Fills in what no column gave, from the cells. @throws core::Error
    void complete(std::vector<FrameRecord>& records) const;

private:
    PartState part_;
    Elsewhere elsewhere_;
    hdf5::Pages nothing_written_; // outlives the file
    std::shared_ptr<FileReader> reader_;
};

/// Reads a dataset's chunks as they are stored, and proves them.
class Chunks {
public:
    /// Gets a chunk's place and bytes.
    using Use = std::function<void(const std::vector<hsize_t>&, const std::vector<std::byte>&)>;

    /// @throws core::Error
    explicit Chunks(DatasetReader data);

    /// @throws core::Error if one chunk of the frame is damaged
    void for_each(core::Index frame, const Use& use);
    /// So many of the first @p limit frames, up to one that is damaged.
    core::Index count_proven(core::Index limit);

private:
    DatasetReader data_;
    codec::ChunkDecoder decoder_;
    std::vector<std::byte> stored_;
    std::vector<std::byte> cells_;
};

} // namespace morphogen::store
