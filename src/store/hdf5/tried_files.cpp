#include "store/hdf5/tried_files.hpp"

#include <sys/stat.h>

namespace morphogen::store::hdf5 {
namespace {

TriedFiles* current = nullptr;

} // namespace

TriedFiles::TriedFiles() {
    current = this;
}

TriedFiles::~TriedFiles() {
    current = nullptr;
}

bool is_tried(const char* name) noexcept {
    if (current == nullptr) return false;
    try {
        current->names_.emplace_back(name);
    } catch (...) { // without memory, what follows fails too
        current->names_.clear();
    }
    return true;
}

bool is_pipe(const char* name) noexcept {
    struct stat status {};
    return ::stat(name, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

} // namespace morphogen::store::hdf5
