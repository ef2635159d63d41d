#include "morphogen/core/descriptor.hpp"

#include "morphogen/core/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace morphogen::core {

int Descriptor::close() noexcept {
    if (!valid()) return 0;
    return ::close(std::exchange(descriptor_, -1)) == 0 ? 0 : errno;
}

Descriptor open_descriptor(const std::filesystem::path& path, int flags) {
    Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
    if (!file.valid())
        throw Error(ErrorText{
            .what = "cannot open file", .where = path.native(), .why = errno_text(errno)});
    return file;
}

} // namespace morphogen::core
