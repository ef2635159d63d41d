#include "morphogen/store/small_dataset.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/reader.hpp"

#include "store/hdf5/superblock.hpp"
#include "store/image_memory.hpp"
#include "store/image_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace morphogen::store {
namespace {

using core::Index;
namespace fs = std::filesystem;

std::uint64_t product(const std::vector<Index>& shape) noexcept {
    std::uint64_t n = 1;
    for (const Index k : shape)
        if (__builtin_mul_overflow(n, static_cast<std::uint64_t>(k), &n))
            return std::numeric_limits<std::uint64_t>::max() / 16;
    return n;
}

/// HDF5 opens such a file where it lies, beside its writer, dead or alive.
bool has_writer(std::span<const std::byte> image) {
    return hdf5::says_writer({reinterpret_cast<const char*>(image.data()), image.size()});
}

/// A dataset as it is opened where it lies on the disk, whose file is the reader's.
struct OnDisk {
    FileReader reader; // where a missing source is an error
    std::string name;

    OnDisk(const fs::path& path, const std::string& dataset) : reader(path), name(dataset) {
        if (auto there = reader.elsewhere(dataset)) {
            name = std::move(there->second);
            reader = FileReader(there->first);
        }
    }
};

std::string text_attribute(const hdf5::Dataset& dataset, const char* name) {
    if (!hdf5::has_attribute(dataset.get(), name) || !hdf5::is_string(dataset.get(), name))
        return {};
    return hdf5::read_string(dataset.get(), name);
}

bool is_numeric(const FileReader& reader, const std::string& name) {
    const auto dataset = hdf5::open_dataset(reader.file().get(), name.c_str());
    return stored_type(hdf5::type_of(dataset)).has_value();
}

std::string only_numeric_dataset(const FileReader& reader) {
    std::vector<std::string> names;
    for (const DatasetInfo& info : reader.datasets())
        if (is_numeric(reader, info.path)) names.push_back(info.path);
    if (names.empty())
        throw core::Error(core::ErrorText{.what = "no numeric dataset",
                                          .where = reader.path().native() + ", /",
                                          .why = "only integers and floats can be stacked"});
    if (reader.frames()) // as with every command
        for (const char* field : {"/v", "/u"})
            if (std::find(names.begin(), names.end(), field) != names.end()) return field;
    if (names.size() > 1)
        throw core::UsageError(
            core::ErrorText{.what = "several datasets",
                            .where = reader.path().native(),
                            .why = fmt::format("it has {}", fmt::join(names, ", ")),
                            .advice = "choose one with --dataset"});
    return names.front();
}

} // namespace

std::uint64_t SmallDataset::raw_bytes() const noexcept {
    return product(shape) * bytes_of(type);
}

std::uint64_t SmallDataset::chunk_bytes() const noexcept {
    return product(chunk) * bytes_of(type);
}

class ImageReader::Memory {
public:
    hdf5::ImageMemory image;
};

ImageReader::ImageReader() : memory_(std::make_unique<Memory>()) {}
ImageReader::~ImageReader() = default;

SmallDataset ImageReader::find(std::span<const std::byte> image, const fs::path& path,
                               const std::string& dataset, Index most_frames) {
    if (!has_writer(image)) {
        const FileReader reader(path, memory_->image.open(image, path));
        if (!hdf5::leaves_file(reader.file().get(), dataset.c_str())) {
            OpenDataset data = open_values(reader, dataset, most_frames);
            if (!lies_elsewhere(data)) {
                find_values(data, image);
                return std::move(data.found);
            }
        }
    }
    // Its places are not those of this image, and its sources tell how large a virtual one is.
    const OnDisk there(path, dataset);
    return std::move(open_values(there.reader, there.name, most_frames).found);
}

void ImageReader::read(std::span<const std::byte> image, const fs::path& path,
                       const std::string& dataset, const SmallDataset& found,
                       std::span<std::byte> values) {
    const Index most = found.shape.empty() ? 0 : found.shape.front(); // a run goes on meanwhile
    if (!has_writer(image)) {
        const FileReader reader(path, memory_->image.open(image, path));
        if (!hdf5::leaves_file(reader.file().get(), dataset.c_str())) {
            const OpenDataset data = open_values(reader, dataset, most);
            if (!lies_elsewhere(data)) return read_values(data, values);
        }
    }
    const OnDisk there(path, dataset);
    read_values(open_values(there.reader, there.name, most), values);
}

ProbedDataset probe_dataset(const fs::path& path, const std::string& dataset) {
    const FileReader reader(path);
    const std::string name = dataset.empty()            ? only_numeric_dataset(reader)
                             : dataset.starts_with('/') ? dataset
                                                        : "/" + dataset;
    OpenDataset data = open_values(reader, name);
    if (H5Pget_layout(data.creation.get()) == H5D_CHUNKED)
        find_chunks(data, std::numeric_limits<std::size_t>::max());
    data.found.chunks.clear();
    return {name, std::move(data.found), text_attribute(data.dataset, "long_name"),
            text_attribute(data.dataset, "units")};
}

} // namespace morphogen::store
