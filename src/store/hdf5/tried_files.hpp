#pragma once

#include <hdf5.h>

#include <string>
#include <vector>

/// Where HDF5 looks for the file that a link names, it does not tell: below a prefix of the
/// environment, beside the link's file, in the working directory, ... But its driver is asked for
/// each, in turn.
namespace morphogen::store::hdf5 {

/// While it lives, this project's drivers open no file and note its name instead. One at a time, on
/// the thread that uses HDF5.
class TriedFiles {
public:
    TriedFiles();
    TriedFiles(const TriedFiles&) = delete;
    TriedFiles& operator=(const TriedFiles&) = delete;
    ~TriedFiles();

    /// In order.
    const std::vector<std::string>& names() const noexcept { return names_; }

private:
    friend bool is_tried(const char* name) noexcept;
    std::vector<std::string> names_;
};

/// For the drivers' functions that open: whether one lives, and has noted the name.
bool is_tried(const char* name) noexcept;

/// For the same: opening a pipe would wait for its other end.
bool is_pipe(const char* name) noexcept;

} // namespace morphogen::store::hdf5
