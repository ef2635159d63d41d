#include "morphogen/core/memory.hpp"
#include "morphogen/rework/crops.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>

#include <memory>

namespace app {
namespace {

namespace rework = morphogen::rework;

struct Options {
    std::string in;
    std::string out;
    std::string shape;
    std::string codec = "deflate:1";
    ReworkOptions rework;
    rework::CropOptions crops;
};

void crops(const Options& options) {
    rework::CropOptions wanted = options.crops;
    wanted.shape = rework::parse_lengths(options.shape);
    wanted.codec = morphogen::codec::parse_codec(options.codec);
    wanted.budget = options.rework.budget();
    const auto reader = rework::open_dataset(options.in, options.rework.dataset_name());
    const auto result = make_file("cropping: crop", wanted.budget, [&] {
        return rework::write_crops(*reader, options.out, wanted);
    });
    fmt::print("{} crops, {} as {}, {} sweep(s), {:.2f} s: {}\n", wanted.count,
               morphogen::core::format_size(result.raw_bytes),
               morphogen::core::format_size(result.bytes_out), result.sweeps, result.seconds,
               options.out);
}

} // namespace

void add_crops(CLI::App& app, Program&) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "crops", "random crops of a run or of any HDF5 file, for training sets: /crops [crop, t, "
                 "(z,) y, x] and /origin [crop, axis]");
    add_input(*command, options->in);
    command->add_option("--shape", options->shape, "of a crop, along each axis: 8,128,128")
        ->required()
        ->type_name("T,Y,X");
    command->add_option("--count", options->crops.count, "how many")
        ->required()
        ->type_name("N")
        ->check(CLI::PositiveNumber);
    command
        ->add_option("--seed", options->crops.seed,
                     "the same seed draws the same crops, whatever memory and threads (default: 0)")
        ->type_name("S")
        ->check(CLI::NonNegativeNumber);
    command->add_option("-o,--output", options->out, "the new file; appears when it is complete")
        ->required()
        ->type_name("OUT.h5");
    command
        ->add_option("--codec", options->codec,
                     "none, deflate:1 to 9, zstd:1 to 19, lz4 (default: deflate:1; none is the "
                     "quickest to read for other programs)")
        ->type_name("CODEC");
    add_force(*command, options->crops.replace);
    add_dataset(*command, options->rework);
    add_budget(*command, options->rework);
    command->callback([options] { crops(*options); });
}

} // namespace app
