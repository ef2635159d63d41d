#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/io/queue.hpp"
#include "morphogen/store/number_type.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::rework {

/// Paths in order, without a string object for each: there may be hundreds of thousands.
class FileList {
public:
    void add(std::string_view path);
    std::uint64_t size() const noexcept { return ends_.size(); }
    std::string_view operator[](std::uint64_t i) const noexcept;
    std::size_t longest() const noexcept { return longest_; }
    /// Bytes held.
    std::uint64_t memory() const noexcept;
    /// By bytes of the path.
    void sort();

private:
    std::string text_;
    std::vector<std::uint64_t> ends_; // of each path in text_
    std::size_t longest_ = 0;
};

/// Files as the command line gives them; a run's directory stands for its frames.h5, any other for
/// its regular files, by name.
/// @throws core::Error for a directory that cannot be read
FileList list_files(const std::vector<std::string>& paths);
/// One path a line; empty lines do not count. "-": standard input.
/// @throws core::Error
FileList read_file_list(const std::filesystem::path& path);

/// What the files of a raw binary kind hold: values and nothing else, row-major.
struct RawFormat {
    store::SpelledType type;
    std::vector<core::Index> shape;
};
/// "f32:256x256", ">f4:256x256", "u16be:100": TYPE:SHAPE.
/// @throws core::UsageError
RawFormat parse_raw_format(std::string_view text);

/// "1,64,64": cells per axis.
/// @throws core::UsageError
std::vector<core::Index> parse_chunks(std::string_view text);

enum class Reduction { stack, mean, min, max };
/// @throws core::UsageError
Reduction parse_reduction(std::string_view text);

enum class OnError { stop, fill };

struct GatherOptions {
    std::filesystem::path output;
    bool replace = false; // an output that is there
    std::string dataset;  // of each file; empty: probe_dataset's of the first readable one
    std::vector<core::Index> chunks; // of /data; empty: one item
    codec::Codec codec;
    core::Index group_size = 0;        // files per group; 0: no groups by number
    std::string group_by;              // a regular expression (ECMAScript); empty: none
    std::optional<RawFormat> raw = {}; // inputs are not HDF5
    Reduction reduction = Reduction::stack;
    OnError on_error = OnError::stop;
    std::uint64_t memory = 0; // bytes, on everything held; 0: a quarter of what may be used
    int threads = 0;          // 0: every core
    io::QueueOptions reading = {};
    std::function<void(const std::string&)> note = {}; // warnings, each a line; on this thread
    /// Files done, files in all; on this thread.
    std::function<void(core::Index, core::Index)> progress = {};
};

struct GatherResult {
    std::uint64_t files = 0;  // all of them
    std::uint64_t failed = 0; // of those
    std::uint64_t groups = 0;
    std::string dataset; // that was read
    store::NumberType type = store::NumberType::f32;
    std::vector<core::Index> shape; // of /data
    std::vector<core::Index> chunk;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_raw = 0;    // of /data
    std::uint64_t bytes_stored = 0; // of it, encoded
    std::uint64_t memory = 0;       // planned, bytes
    double seconds = 0.0;
    io::QueueStatistics reading;
};

/// Makes one file of many (SPEC section 3): /data [group, item, …] or [item, …], with a reduction
/// [group, …], and /source. The output gets its name when it is complete.
///
/// Every item must have the same shape and type; integers and floats of either byte order, up to 7
/// axes, whatever layout and filters. mean of integers is float64; a group's mean, min and max are
/// those of the files that could be read, NaN wherever one of them is NaN. The order of files
/// decides the order of sums: the bits do not depend on threads or disk.
///
/// Uses HDF5 on the calling thread.
/// @throws core::UsageError for options that cannot be, or a memory that is too small, naming the
/// least; core::Error naming file and dataset
GatherResult gather(const FileList& files, const GatherOptions& options);

std::string to_json(const GatherResult& result);

} // namespace morphogen::rework
