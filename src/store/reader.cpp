#include "morphogen/store/reader.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include "store/dataset_info.hpp"
#include "store/hdf5/superblock.hpp"
#include "store/virtual_cycle.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

[[noreturn]] void refuse_reading(std::string_view what, const fs::path& file,
                                 std::string_view dataset, std::string_view why,
                                 std::string_view advice = {}) {
    const std::string where = fmt::format("{}, {}", file.native(), dataset);
    throw core::UsageError(
        core::ErrorText{.what = what, .where = where, .why = why, .advice = advice});
}

/// The library keeps every source open, and reads fill values, silently, where it cannot.
void allow_open_files(std::size_t files, const fs::path& path) {
    constexpr std::size_t others = 64;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= files + others) return;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, files + others);
    if (limit.rlim_cur >= files + others && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
    const std::string why =
        fmt::format("it has {} sources, this process may open {} files", files, limit.rlim_max);
    throw core::Error(core::ErrorText{.what = "cannot open virtual file",
                                      .where = path.native(),
                                      .why = why,
                                      .advice = "raise ulimit -n"});
}

/// False where the file does not say.
bool is_known_closed(const fs::path& path) {
    try {
        const auto mark = hdf5::read_mark(path);
        return mark && !mark->writing;
    } catch (const core::Error&) { // told by what opens it
        return false;
    }
}

} // namespace

FileReader::FileReader(const fs::path& path, Access access, Sources sources) : path_(path) {
    if (access != Access::whichever_works) {
        open(access, sources);
        return;
    }
    try {
        open(Access::plain, sources);
    } catch (const core::Error& error) {
        // A run that goes on, or was killed: its files say that a writer has them. HDF5 1.10 opens
        // no other for SWMR; 1.14 does, one that is cut short too.
        if (is_known_closed(path_)) throw;
        why_not_plain_ = error.what();
        const std::exception_ptr plainly = std::current_exception();
        try {
            open(Access::swmr, sources);
        } catch (const core::Error&) {
            std::rethrow_exception(plainly);
        }
    }
}

void FileReader::open(Access access, Sources sources) {
    swmr_ = access == Access::swmr;
    file_ = hdf5::open_located(path_, swmr_);
    // Beside a writer this is first: what is looked at later is at least as new. A later count may
    // tell of frames that the cached end of a chunk index does not know, and which would be fill.
    if (swmr_) count_early();
    if (sources == Sources::demanded) check_sources();
}

void FileReader::count_early() {
    try {
        counted_ = count_steps();
    } catch (const core::Error&) { // whoever asks for the frames is told
    }
}

void FileReader::check_sources() const {
    std::set<std::pair<std::string, std::string>> sources;
    for (const std::string& path : contents().datasets) {
        const auto creation = [&] {
            try {
                return hdf5::creation_of(hdf5::open_dataset(file_.get(), path.c_str()));
            } catch (const core::Error&) { // whoever reads it is told; the others can be read
                return hdf5::Properties();
            }
        }();
        if (!creation.valid()) continue;
        if (H5Pget_layout(creation.get()) != H5D_VIRTUAL) continue;
        bool is_source = false; // this file
        for (const VirtualSource& source : virtual_sources(creation)) {
            is_source |= source.file == ".";
            // "%b" numbers the blocks of a series that may end anywhere; "." is this file.
            if (source.file != "." && source.file.find("%b") == std::string::npos)
                sources.emplace(source.file, source.dataset);
        }
        if (is_source) check_no_cycle(path);
    }
    std::set<std::string> files;
    for (const auto& [file, dataset] : sources) {
        files.insert(file);
        const fs::path where = path_.parent_path() / file; // an absolute name stays as it is
        const auto source =
            hdf5::open_file(where, swmr_ ? hdf5::Mode::read_swmr : hdf5::Mode::read);
        const auto creation = hdf5::creation_of(hdf5::open_dataset(source.get(), dataset.c_str()));
        if (H5Pget_layout(creation.get()) == H5D_VIRTUAL)
            store::check_no_cycle(source, where, dataset);
    }
    allow_open_files(files.size(), path_);
}

void FileReader::check_no_cycle(const std::string& path) const {
    store::check_no_cycle(file_, path_, path);
}

hdf5::Dataset FileReader::open_dataset(const std::string& path) const {
    if (!hdf5::exists(file_.get(), path.c_str())) {
        const auto there = contents().datasets;
        refuse_reading("no such dataset", path_, path, "the file does not have it",
                       there.empty() ? "" : fmt::format("it has {}", fmt::join(there, ", ")));
    }
    return hdf5::open_dataset(file_.get(), path.c_str());
}

bool FileReader::has_dataset(const std::string& path) const {
    {
        const hdf5::QuietErrors quiet; // where a link leads nowhere
        if (H5Oexists_by_name(file_.get(), path.c_str(), H5P_DEFAULT) <= 0) return false;
    }
    H5O_info_t info{};
    hdf5::call("H5Oget_info_by_name", {file_.get(), path}, [&] {
        return H5Oget_info_by_name2(file_.get(), path.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT);
    });
    return info.type == H5O_TYPE_DATASET;
}

std::vector<MappedSource> FileReader::sources(const std::string& path) const {
    std::vector<MappedSource> mapped;
    for (VirtualSource& source : virtual_sources(hdf5::creation_of(open_dataset(path)))) {
        MappedSource m{.file = source.file == "." ? fs::path() : path_.parent_path() / source.file,
                       .dataset = std::move(source.dataset),
                       .first = source.first};
        if (source.count != H5S_UNLIMITED) m.end = m.first + static_cast<Index>(source.count);
        mapped.push_back(std::move(m));
    }
    return mapped;
}

std::optional<std::pair<fs::path, std::string>>
FileReader::elsewhere(const std::string& path) const {
    const hdf5::Dataset data = open_dataset(path);
    const ObjectId id = object_id(data.get());
    if (id.file == object_id(file_.get()).file) return std::nullopt;
    const fs::path there = hdf5::file_name_of(data.get());
    const FileReader file(there, Access::whichever_works, Sources::not_looked_at);
    const auto is_it = [&](const std::string& name) {
        return hdf5::exists(file.file().get(), name.c_str()) && file.dataset(name).id == id;
    };
    // A soft link on the way leaves its own name, which may be anything there.
    if (std::string name = hdf5::name_of(data.get()); is_it(name)) return std::pair{there, name};
    for (std::string& name : file.contents().datasets)
        if (is_it(name)) return std::pair{there, std::move(name)};
    refuse_reading(
        "cannot read dataset", path_, path,
        fmt::format("an external link leads to {}, where it has no name", there.native()));
}

DatasetInfo FileReader::dataset(const std::string& path) const {
    return describe_dataset(open_dataset(path), path.starts_with('/') ? path : "/" + path);
}

} // namespace morphogen::store
