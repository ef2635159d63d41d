#pragma once

#include "morphogen/core/box.hpp"

#include <cstdint>
#include <string>

namespace morphogen::io {

/// What carries operations out.
enum class Backend {
    automatic,  // io_uring, or the threads where the kernel refuses it
    io_uring,   // or an error
    thread_pool // pread, pwrite and the like on threads, as many as there are operations in flight
};

/// "io_uring", "thread pool".
std::string to_string(Backend backend);

/// Whether this process may use io_uring (containers and old kernels often refuse it).
bool io_uring_available();

/// How a reader or a writer goes about it. Give each its own: they may be different disks.
struct QueueOptions {
    Backend backend = Backend::automatic;
    int depth = 64;      // operations in flight, at least 1
    int open_files = 64; // file descriptors at once, at least 1
};

/// What a queue did so far.
struct QueueStatistics {
    Backend backend = Backend::automatic; // io_uring or thread_pool
    std::string fallback = {};            // why not io_uring, where `automatic` chose the threads
    int depth = 0;                        // as configured
    int max_in_flight = 0;                // operations: open, size, read, write, sync, close
    double mean_in_flight = 0;            // over the time in which there was at least one in flight
    std::uint64_t operations = 0;
    std::uint64_t bytes = 0; // read or written
};

} // namespace morphogen::io
