#include "bench/scratch_file.hpp"

#include "morphogen/core/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <thread>

namespace morphogen::bench {
namespace {

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& path) {
    throw core::Error(
        core::ErrorText{.what = what, .where = path.native(), .why = core::errno_text(errno)});
}

/// Those that there are.
struct Scratch {
    std::mutex lock; // held while one is made or removed
    std::set<std::filesystem::path> paths;
};

Scratch& scratch() {
    static Scratch all;
    return all;
}

/// Other threads may be making files in it: then it has to be tried again.
void remove_from_under_writers(const std::filesystem::path& path) {
    constexpr int attempts = 1000;
    for (int i = 0; i < attempts; ++i) {
        std::error_code error;
        std::filesystem::remove_all(path, error);
        if (!error) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

} // namespace

ScratchDirectory::ScratchDirectory(const std::filesystem::path& parent) {
    std::string pattern = ((parent.empty() ? std::filesystem::temp_directory_path() : parent) /
                           "morphogen-bench-XXXXXX")
                              .native();
    const std::lock_guard guard(scratch().lock);
    if (::mkdtemp(pattern.data()) == nullptr) fail("cannot create directory", pattern);
    path_ = *scratch().paths.insert(pattern).first;
}

ScratchDirectory::~ScratchDirectory() {
    const std::lock_guard guard(scratch().lock);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    scratch().paths.erase(path_);
}

void remove_scratch_for_good() {
    scratch().lock.lock();
    for (const std::filesystem::path& path : scratch().paths)
        remove_from_under_writers(path);
}

PlainFile::PlainFile(const std::filesystem::path& path)
    : path_(path),
      descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) fail("cannot create file", path_);
}

PlainFile::~PlainFile() {
    ::close(descriptor_);
}

void PlainFile::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("cannot write file", path_);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
}

void PlainFile::sync() {
    if (::fsync(descriptor_) != 0) fail("cannot sync file", path_);
}

void drop_from_page_cache(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 || ::fsync(file) != 0) fail("cannot sync file", path);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
}

} // namespace morphogen::bench
