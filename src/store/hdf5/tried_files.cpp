#include "store/hdf5/tried_files.hpp"

#include <sys/stat.h>

namespace morphogen::store::hdf5 {
namespace {

TriedFiles* recording = nullptr;

} // namespace

TriedFiles::TriedFiles() {
    recording = this;
}

TriedFiles::~TriedFiles() {
    recording = nullptr;
}

bool is_tried(const char* name) noexcept {
    if (recording == nullptr) return false;
    try {
        recording->names_.emplace_back(name);
    } catch (...) { // without memory, what follows fails too
        recording->names_.clear();
    }
    return true;
}

bool is_pipe(const char* name) noexcept {
    struct stat status {};
    return ::stat(name, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

} // namespace morphogen::store::hdf5
