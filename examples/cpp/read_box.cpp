// A box of a dataset of any HDF5 file into an array of one's own: chunks are decoded on every core,
// each straight to its place.
//
//     read_box [FILE DATASET]      a file of its own without arguments
#include "morphogen/rework/open_dataset.hpp"
#include "morphogen/rework/read_into.hpp"

#include "sample_file.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace {

namespace core = morphogen::core;
namespace rework = morphogen::rework;

/// The second half of all frames.
int read(const std::filesystem::path& path, const std::string& name, bool ours) {
    const auto dataset = rework::open_dataset(path, name);
    core::NdBox box = core::NdBox::whole(dataset->shape());
    box.lo[0] = box.hi[0] / 2;

    std::vector<float> values(static_cast<std::size_t>(box.volume())); // [frames / 2][y][x]
    rework::read_into(*dataset, box, std::span(values));

    std::printf("%zu values from frame %lld on, the last is %g\n", values.size(),
                static_cast<long long>(box.lo[0]), static_cast<double>(values.back()));
    const double last = sample::value(core::volume(dataset->shape()) - 1);
    return !ours || static_cast<double>(values.back()) == last ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int main(int count, char** arguments) {
    try {
        if (count == 3) return read(arguments[1], arguments[2], false);
        const sample::File file("morphogen-read-box");
        return read(file.path(), "v", true);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "read_box: %s\n", error.what());
    }
    return EXIT_FAILURE;
}
