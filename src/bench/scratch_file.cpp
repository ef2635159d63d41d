#include "bench/scratch_file.hpp"

#include "morphogen/core/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace morphogen::bench {
namespace {

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& path) {
    throw core::Error(
        core::ErrorText{.what = what, .where = path.native(), .why = core::errno_text(errno)});
}

} // namespace

ScratchDirectory::ScratchDirectory(const std::filesystem::path& parent) {
    std::string pattern = ((parent.empty() ? std::filesystem::temp_directory_path() : parent) /
                           "morphogen-bench-XXXXXX")
                              .native();
    if (::mkdtemp(pattern.data()) == nullptr) fail("cannot create directory", pattern);
    path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
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
