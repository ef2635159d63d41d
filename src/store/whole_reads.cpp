#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/reader.hpp"

#include "store/element_type.hpp"

#include <algorithm>

/// How FileReader reads what has no blocks: scalars, elements of variable size.
namespace morphogen::store {
namespace {

using core::Index;
using hdf5::call;

/// Elements of a dataset read at once, and the heap memory behind them, which goes with them.
class Elements {
public:
    /// @param space what to select of the dataset
    Elements(const hdf5::Dataset& data, const hdf5::Type& type, const hdf5::Space& memory,
             const hdf5::Space& space)
        : type_(type), memory_(memory) {
        const auto count = call("H5Sget_simple_extent_npoints", {.object = data.get()},
                                [&] { return H5Sget_simple_extent_npoints(memory.get()); });
        bytes_.resize(static_cast<std::size_t>(count) * H5Tget_size(type.get()));
        if (bytes_.empty()) return;
        try {
            hdf5::read(data, type.get(), memory, space, bytes_.data());
        } catch (...) {
            reclaim(); // some of them may be there
            throw;
        }
    }
    ~Elements() { reclaim(); }
    Elements(const Elements&) = delete;
    Elements& operator=(const Elements&) = delete;

    const std::vector<std::byte>& bytes() const noexcept { return bytes_; }

private:
    void reclaim() noexcept {
        const hdf5::QuietErrors quiet;
        const bool on_heap = H5Tdetect_class(type_.get(), H5T_VLEN) > 0 ||
                             H5Tdetect_class(type_.get(), H5T_STRING) > 0;
        if (on_heap && !bytes_.empty())
            H5Dvlen_reclaim(type_.get(), memory_.get(), H5P_DEFAULT, bytes_.data());
    }

    const hdf5::Type& type_;
    const hdf5::Space& memory_;
    std::vector<std::byte> bytes_;
};

std::vector<std::byte> all_elements(const hdf5::Dataset& data) {
    const hdf5::Space space = hdf5::space_of(data);
    const hdf5::Type type = hdf5::type_of(data);
    return Elements(data, type, space, space).bytes();
}

} // namespace

void FileReader::read_through(const std::string& path) const {
    all_elements(open_dataset(path));
}

std::vector<std::byte> FileReader::read_elements(const std::string& path) const {
    return all_elements(open_dataset(path));
}

std::vector<std::string> FileReader::read_texts(const std::string& path, Index first,
                                                Index count) const {
    const hdf5::Dataset data = open_dataset(path);
    const hdf5::Type type = hdf5::type_of(data);
    const hdf5::Space space = hdf5::space_of(data);
    std::vector<hsize_t> shape = hdf5::shape_of(space);
    const auto texts = [&](const hdf5::Space& memory) {
        const Elements elements(data, type, memory, space);
        std::vector<std::string> all;
        for (std::size_t at = 0; at < elements.bytes().size(); at += sizeof(char*)) {
            const char* text = nullptr;
            std::copy_n(elements.bytes().data() + at, sizeof(text),
                        reinterpret_cast<std::byte*>(&text));
            all.emplace_back(text == nullptr ? "" : text);
        }
        return all;
    };
    if (shape.empty()) return texts(space);
    std::vector<hsize_t> start(shape.size(), 0);
    start.front() = static_cast<hsize_t>(first);
    shape.front() = static_cast<hsize_t>(count);
    hdf5::select_box(space, start, shape);
    return texts(hdf5::simple_space(shape));
}

ElementType FileReader::element_type(const std::string& path) const {
    return element_type_of(hdf5::type_of(open_dataset(path)));
}

bool FileReader::has_same_type(const FileReader& other, const std::string& path) const {
    const hdf5::Type mine = hdf5::type_of(open_dataset(path));
    const hdf5::Type theirs = hdf5::type_of(other.open_dataset(path));
    return call("H5Tequal", {file_.get(), path},
                [&] { return H5Tequal(mine.get(), theirs.get()); }) > 0;
}

} // namespace morphogen::store
