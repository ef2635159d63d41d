#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/kernel/physics.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The configuration of a run as plain structs (SPEC section 2): the defaults here are the defaults
/// of the program.
namespace morphogen::config {

using core::Extents;
using core::Field;
using core::Index;
using core::Precision;

struct Grid {
    int dims = 2;                 // 2 or 3
    Extents shape{1, 1080, 1920}; // {z, y, x} cells; z = 1 in 2-D
    double spacing = 1.0;         // h, model length
    Precision precision = Precision::f32;
};

/// Values a shape gives to the cells that it covers; unset fields keep what they had.
struct Patch {
    std::optional<double> u;
    std::optional<double> v;
};

struct InitialFile {
    std::string path; // as written; relative to the working directory
    std::string dataset;
    Index frame = -1; // negative: counted from the end
    Field field = Field::v;
    std::string place; // "run.toml:7:1: ": where its path was written; empty if by no file
};

struct InitialBox {
    std::array<Index, 3> from{}; // {z, y, x}, half-open; z = [0, 1) in 2-D
    std::array<Index, 3> to{};
    Patch values;
};

struct InitialDisk {                // a ball in 3-D
    std::array<double, 3> center{}; // {z, y, x} in cells: a cell belongs if its index lies within
                                    // radius of the center
    double radius = 0.0;            // cells
    Patch values;
};

struct InitialScatter {
    Index count = 0; // disks at positions drawn from model.seed
    double radius = 6.0;
    Patch values{0.25, 0.33};
};

struct Initial {
    double u = 1.0; // background
    double v = 0.0;
    std::vector<InitialFile> files;
    std::vector<InitialBox> boxes;
    std::vector<InitialDisk> disks;
    std::optional<InitialScatter> scatter;

    /// Nothing but the background is given: the default patch of SPEC section 1 is added.
    bool is_default() const noexcept {
        return files.empty() && boxes.empty() && disks.empty() && !scatter;
    }
};

struct Time {
    Index frames = 1000;
    Index steps_per_frame = 34;
    bool initial_frame = false;
};

enum class Layout { parts, shared };
enum class Sync { never, close, frame };

struct Output {
    bool enabled = true;
    std::string directory = "out";
    std::vector<Field> fields{Field::v};
    std::optional<std::vector<Index>> chunk; // cells per chunk, one per grid axis; nothing: "auto"
    codec::Codec codec;
    bool shuffle = true;
    bool checksum = true;
    int keep_bits = 0;      // 0: lossless
    double max_error = 0.0; // 0: lossless
    Layout layout = Layout::parts;
    Index frames_per_file = 0; // 0: one segment
    Index queue_frames = 2;
    Index flush_every = 1;
    Sync sync = Sync::close;
};

struct Threads {
    int compute = 0;                // 0: every core the rank may use
    int io = 0;                     // 0: chosen by the program
    std::optional<kernel::Isa> isa; // nothing: "auto"
};

struct Mpi {
    std::optional<std::vector<Index>> ranks; // process grid, one per grid axis; nothing: "auto"
    std::map<std::string, std::string> hints;
};

struct CheckpointNever {};
struct CheckpointSeconds {
    double seconds = 600.0;
};
struct CheckpointFrames {
    Index frames = 50;
};

struct Checkpoint {
    std::variant<CheckpointNever, CheckpointSeconds, CheckpointFrames> every =
        CheckpointSeconds{600.0};
    Index keep = 2;
};

struct WalltimeNone {};
struct WalltimeSeconds {
    double seconds = 0.0;
};
struct WalltimeSlurm {};

struct Limits {
    std::variant<WalltimeNone, WalltimeSeconds, WalltimeSlurm> walltime = WalltimeNone{};
    double margin_seconds = 60.0;
};

struct Config {
    Grid grid;
    kernel::Physics physics; // [model], and grid.spacing once more
    Initial initial;
    Time time;
    Output output;
    Threads threads;
    Mpi mpi;
    Checkpoint checkpoint;
    Limits limits;

    /// Where keys were given ("run.toml:7:1"), by their full names; the document itself has the
    /// empty name. Not a value: two configurations may differ in it.
    std::map<std::string, std::string, std::less<>> places;
    /// "run.toml:7:1: " of a key, or "run.toml: " if it has its default: what errors begin with.
    std::string place(std::string_view key) const {
        auto found = places.find(key);
        if (found == places.end()) found = places.find("");
        return found == places.end() ? std::string() : found->second + ": ";
    }

    /// Frames that a whole run stores.
    Index total_frames() const noexcept { return time.frames + (time.initial_frame ? 1 : 0); }
};

} // namespace morphogen::config
