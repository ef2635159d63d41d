#pragma once

#include <cstdint>

namespace morphogen::store {

/// Keeps a large file that is being written from filling the machine's page cache: beyond the first
/// `kept` bytes what was written is handed to the disk early and, once it is there, forgotten, so
/// that the same pages are used again. Memory that a machine has not used for a while is dear to
/// touch (on virtual machines up to two seconds per gigabyte), and what other programs have cached
/// stays. Advice only: nothing waits for the disk, nothing is lost.
class WriteBehind {
public:
    struct Sizes { // bytes
        std::uint64_t kept = 0;
        std::uint64_t window = std::uint64_t{32} << 20; // handed over at once
        std::uint64_t lag = std::uint64_t{256} << 20;   // between that and forgetting
    };

    /// Does nothing.
    WriteBehind() = default;
    /// @param file a descriptor that outlives it.
    WriteBehind(int file, const Sizes& sizes)
        : file_(file), sizes_(sizes), begun_(sizes.kept), forgotten_(sizes.kept) {}

    /// The file was written up to @p end, among others.
    void wrote(std::uint64_t end) noexcept;

private:
    int file_ = -1;
    Sizes sizes_;
    std::uint64_t end_ = 0;       // highest seen
    std::uint64_t begun_ = 0;     // up to here the disk has been told to begin
    std::uint64_t forgotten_ = 0; // and up to here the cache to forget
};

} // namespace morphogen::store
