#include "morphogen/core/atomic_file.hpp"

#include "morphogen/core/descriptor.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/whole_io.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

namespace morphogen::core {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path, int code) {
    throw Error(ErrorText{.what = what, .where = path.native(), .why = errno_text(code)});
}

} // namespace

void replace_file(const std::filesystem::path& path, std::string_view contents,
                  Durability durability) {
    std::filesystem::path beside = path;
    beside += ".new";
    Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0) fail("cannot create file", beside, errno);
    try {
        const int failed = write_whole(file.get(), std::as_bytes(std::span(contents)));
        if (failed != 0) fail("cannot write file", path, failed);
        if (durability == Durability::synced && ::fsync(file.get()) != 0)
            fail("cannot sync file", path, errno);
        if (const int failed_close = file.close(); failed_close != 0)
            fail("cannot close file", path, failed_close);
        if (std::rename(beside.c_str(), path.c_str()) != 0) fail("cannot rename file", path, errno);
    } catch (...) {
        ::unlink(beside.c_str());
        throw;
    }
    if (durability == Durability::synced)
        sync_directory(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

void sync_directory(const std::filesystem::path& directory) {
    Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) fail("cannot open directory", directory, errno);
    // Some file systems cannot sync a directory and say EINVAL: then there is nothing to push.
    if (::fsync(fd.get()) != 0 && errno != EINVAL) fail("cannot sync directory", directory, errno);
}

} // namespace morphogen::core
