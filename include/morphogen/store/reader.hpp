#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"
#include "morphogen/store/element_type.hpp"
#include "morphogen/store/frame.hpp"
#include "morphogen/store/hdf5/handle.hpp"

#include <compare>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace morphogen::store {

enum class DataLayout { compact, contiguous, chunked, assembled }; // assembled: virtual

std::string_view name_of(DataLayout layout) noexcept;

struct FilterInfo {
    unsigned id = 0; // as registered
    std::string name;
    std::vector<unsigned> values;
};

/// Which object of which open file: several links may lead to one.
struct ObjectId {
    unsigned long file = 0;
    std::uint64_t address = 0;
    friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

/// What one dataset of any HDF5 file looks like.
struct DatasetInfo {
    std::string path; // "/stats/v_min"
    ObjectId id;
    std::vector<core::Index> shape;
    std::vector<core::Index> max_shape; // -1: unlimited
    std::string type;                   // "float32", "int64 big-endian", "string", "compound", ...
    std::size_t element_size = 0;
    bool is_numeric = false;  // integers or floats, of any size and format
    bool is_text = false;     // strings of variable size
    bool is_null = false;     // no elements and no shape: HDF5's null dataspace
    bool is_variable = false; // elements refer to something elsewhere: variable size, references
    DataLayout layout = DataLayout::contiguous;
    std::vector<core::Index> chunk; // empty unless chunked
    std::vector<FilterInfo> filters;
    bool bare_edges = false;          // chunks that reach over an edge are stored without filters
    bool external = false;            // the data lie in raw files that the dataset names
    std::vector<std::string> sources; // files behind a virtual dataset, as it names them
    std::uint64_t stored_bytes = 0;   // of the data, in this file or in its sources

    std::uint64_t raw_bytes() const noexcept; // the largest number if there are more
    double ratio() const noexcept;            // raw to stored; 0 if nothing is stored
    /// Elements of fixed size along at least one axis: a DatasetReader has them.
    bool has_blocks() const noexcept;
    /// Whether so little is stored of so much that no codec did it: chunks that were never written.
    /// Reading it would take for ever and tell nothing.
    bool is_nearly_all_fill() const noexcept;
};

/// One mapping of a virtual dataset.
struct MappedSource {
    std::filesystem::path file; // empty: the virtual dataset's own
    std::string dataset;
    core::Index first = 0; // along the virtual dataset's first axis it covers [first, end)
    core::Index end = std::numeric_limits<core::Index>::max(); // largest: as far as there is
};

/// One subgroup of /provenance: attribute names and values as text, in order of creation.
struct Launch {
    std::string name;
    std::vector<std::pair<std::string, std::string>> entries;
    std::string problem; // why it cannot be read
};

/// A link to an object of another file.
struct ExternalLink {
    std::string path;
    std::string file; // as the link names it
    std::string object;
};

/// All that hard links of a file lead to.
struct FileContents {
    std::vector<std::string> datasets;        // paths, in order; the first of several
    std::vector<ExternalLink> external_links; // by path, in order
    std::vector<std::string> unknown_links;   // paths of a program's own kinds of links
    std::vector<std::exception_ptr> damaged;  // core::Error: each object or link that is unreadable
};

/// Plainly, or as a reader beside a SWMR writer: needed while a run writes, and after it was
/// killed.
enum class Access { plain, swmr, whichever_works };

/// Whether the sources of a file's virtual datasets must be there.
enum class Sources { demanded, not_looked_at };

/// Any HDF5 file, read only. A virtual dataset whose sources are not all there is an error instead
/// of fill values, unless they are not looked at. One thread of a process may use it, or HDF5 at
/// all, at a time.
class FileReader {
public:
    /// @throws core::Error naming the file and why it cannot be opened.
    explicit FileReader(const std::filesystem::path& path, Access access = Access::whichever_works,
                        Sources sources = Sources::demanded);
    /// Reads what is open already.
    FileReader(std::filesystem::path path, hdf5::File file)
        : path_(std::move(path)), file_(std::move(file)) {}

    const std::filesystem::path& path() const noexcept { return path_; }
    bool is_swmr() const noexcept { return swmr_; }
    /// Why it could only be opened as beside a SWMR writer; empty otherwise.
    const std::string& why_not_plain() const noexcept { return why_not_plain_; }
    const hdf5::File& file() const noexcept { return file_; }

    /// What can be read and what cannot. @throws core::Error if the root cannot
    FileContents contents() const;
    /// The same. @throws core::Error also if any of it cannot be read
    FileContents whole_contents() const;
    /// Every dataset, by path. @throws core::Error as whole_contents(), or if one cannot be opened
    std::vector<DatasetInfo> datasets() const;
    /// False if it leads to something else, to nothing that can be opened, or over more than
    /// @p hops links to other files.
    /// @throws core::Error if it leads to what is damaged
    bool leads_to_dataset(const ExternalLink& link, int hops = 16) const;
    /// The file that has what the link names, where the library finds it.
    /// @throws core::Error if it leads to nothing
    std::filesystem::path file_behind(const ExternalLink& link) const;
    /// Whether a dataset can be found there, behind links or not.
    bool has_dataset(const std::string& path) const;
    /// Reads all of a dataset that has no blocks (a scalar, elements of variable size) to see
    /// whether it can be read. @throws core::Error
    void read_through(const std::string& path) const;
    /// All elements, of fixed size, as they lie in the file, row-major. @throws core::Error
    std::vector<std::byte> read_elements(const std::string& path) const;
    /// Strings of variable size, row-major: those of @p count indices of the first axis from
    /// @p first on; a scalar's one. @throws core::Error
    std::vector<std::string> read_texts(const std::string& path, core::Index first,
                                        core::Index count) const;
    /// What the elements of a dataset are.
    ElementType element_type(const std::string& path) const;
    /// Whether a dataset of both files has elements of the same type, down to byte order and names.
    bool has_same_type(const FileReader& other, const std::string& path) const;
    /// Each mapping of a virtual dataset; relative names are beside this file.
    std::vector<MappedSource> sources(const std::string& path) const;
    /// The file and the name there of a dataset behind an external link; nothing if it lies here.
    std::optional<std::pair<std::filesystem::path, std::string>>
    elsewhere(const std::string& path) const;
    /// @throws core::UsageError if there is none of that name, listing those there are.
    DatasetInfo dataset(const std::string& path) const;
    /// Committed frames of a run's file: the length of /step; nothing in other files. Of a file
    /// that grows, those there were when it was opened.
    std::optional<core::Index> frames() const;
    /// From now on so many, whatever the file says.
    void take_for_committed(core::Index frames) noexcept { told_frames_ = frames; }
    /// The same, if @p dataset is a field of a run: of such a one more may be there than counts.
    std::optional<core::Index> frames_of(const std::string& dataset) const;
    /// /step, /time and /stats of the committed frames, at most @p count; empty in other files.
    std::vector<FrameRecord>
    records(core::Index count = std::numeric_limits<core::Index>::max()) const;
    /// /stats of a field of the committed frames, in order; empty if the file has none.
    std::vector<FieldStatistics>
    statistics(core::Field field,
               core::Index count = std::numeric_limits<core::Index>::max()) const;
    /// What cannot be read of them is a launch with a problem.
    std::vector<Launch> launches() const;

    /// One frame of a dataset [time, (z,) y, x], converted by HDF5; @p out is dense.
    /// @throws core::Error: no such frame, wrong size of @p out, or unreadable.
    void read_frame(const std::string& dataset, core::Index frame, std::span<float> out) const;
    void read_frame(const std::string& dataset, core::Index frame, std::span<double> out) const;
    /// The part inside @p box (cells; {0, ...} along z in 2-D) of one frame.
    void read_frame(const std::string& dataset, core::Index frame, const core::Box& box,
                    std::span<double> out) const;

    /// @throws core::Error naming a source of a virtual dataset that is not there
    void check_sources() const;
    /// @throws core::Error if the sources of a virtual dataset lead back to it
    void check_no_cycle(const std::string& path) const;

private:
    void open(Access access, Sources sources);
    void count_early();
    FileReader target_of(const ExternalLink& link) const;
    std::optional<core::Index> count_steps() const;
    hdf5::Dataset open_dataset(const std::string& path) const;

    std::filesystem::path path_;
    bool swmr_ = false;
    std::string why_not_plain_;
    std::optional<core::Index> told_frames_;
    std::optional<core::Index> counted_; // when it was opened beside a writer
    hdf5::File file_;
};

/// [[initial.file]]: the cells of @p box of a frame of the named dataset, [time, (z,) y, x] or
/// [(z,) y, x], into @p out, dense. Negative frames count from the end of the committed ones.
/// @throws core::UsageError if file, dataset, shape or frame are not there; core::Error if reading
/// fails.
void read_initial_file(const config::InitialFile& file, const core::Extents& global,
                       const core::Box& box, double* out);

/// What read_initial_file would refuse, without reading cells. @throws core::UsageError
void check_initial_file(const config::InitialFile& file, const core::Extents& global);

} // namespace morphogen::store
