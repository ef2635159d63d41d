#include "morphogen/core/whole_io.hpp"

#include <unistd.h>

#include <cerrno>

namespace morphogen::core {
namespace {

/// write(bytes, bytes written before) -> as write(2).
template <typename Write>
int write_pieces(std::span<const std::byte> bytes, Write&& write) noexcept {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = write(bytes.subspan(done), done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) return EIO; // no file says this of bytes that it was given
        done += static_cast<std::size_t>(n);
    }
    return 0;
}

} // namespace

std::int64_t read_whole(int descriptor, std::span<std::byte> bytes, std::uint64_t offset) noexcept {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::pread(descriptor, bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return static_cast<std::int64_t>(done);
}

int write_whole(int descriptor, std::span<const std::byte> bytes) noexcept {
    return write_pieces(bytes, [&](std::span<const std::byte> rest, std::size_t) {
        return ::write(descriptor, rest.data(), rest.size());
    });
}

int write_whole(int descriptor, std::span<const std::byte> bytes, std::uint64_t offset) noexcept {
    return write_pieces(bytes, [&](std::span<const std::byte> rest, std::size_t done) {
        return ::pwrite(descriptor, rest.data(), rest.size(), static_cast<off_t>(offset + done));
    });
}

} // namespace morphogen::core
