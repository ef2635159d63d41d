#pragma once

#include <string>
#include <vector>

/// HDF5 1.10 takes a source of a virtual dataset that cannot be opened (damaged, cut short, being
/// written) for a missing one when it is asked for the dataset's extent; 1.14 fails. What is wrong
/// with a source is told where it is read, and must not hide the rest of the file.
namespace morphogen::store::hdf5 {

/// While one lives, files opened by this project's drivers that were added to it seem missing. One
/// at a time, on the thread that uses HDF5.
class MissingSources {
public:
    MissingSources();
    MissingSources(const MissingSources&) = delete;
    MissingSources& operator=(const MissingSources&) = delete;
    ~MissingSources();

    /// The file that was opened last; false if there is no other than before.
    bool add_last_opened();

private:
    friend bool may_open(const char* name) noexcept;
    std::vector<std::string> names_;
};

/// For the drivers' functions that open.
bool may_open(const char* name) noexcept;

} // namespace morphogen::store::hdf5
