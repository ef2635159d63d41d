#pragma once

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/frame.hpp"
#include "morphogen/store/layout.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace morphogen::store {

/// What a run's files hold, for comparing frames that are computed again. Reads beside the writer
/// of the same files in this process: it opens them by another driver, so that the library keeps
/// them apart. One thread.
class StoredFrames {
public:
    /// @param frames the run's frames.h5, opened at the first check.
    explicit StoredFrames(std::filesystem::path frames) : path_(std::move(frames)) {}

    /// See FrameSink::check_stored.
    void check(const FrameLayout& layout, const Frame& frame);
    /// Closes the files.
    void close() noexcept;

private:
    struct FieldData {
        std::unique_ptr<DatasetReader> data;
        std::vector<std::optional<codec::ChunkDecoder>> decoders; // by piece
    };

    void open(const FrameLayout& layout);
    void check_field(const FrameLayout& layout, const Frame& frame, std::size_t field);
    void read(FieldData& field, BlockId block);

    std::filesystem::path path_;
    std::shared_ptr<const FileReader> file_;
    std::vector<FrameRecord> records_;
    std::vector<FieldData> fields_; // by the layout's fields
    std::vector<std::byte> stored_; // a block as it is stored
    std::vector<std::byte> cells_;  // decoded
};

} // namespace morphogen::store
