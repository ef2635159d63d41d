#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>

namespace morphogen::fuzz {

/// Memory that ends at a page which may not be touched: the compression libraries are not
/// instrumented, so that reading or writing past the end must be made to crash by other means.
class Guarded {
public:
    explicit Guarded(std::size_t capacity) {
        const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        usable_ = (capacity + page - 1) / page * page;
        void* const memory = ::mmap(nullptr, usable_ + page, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        begin_ = static_cast<std::byte*>(memory);
        if (::mprotect(begin_ + usable_, page, PROT_NONE) != 0) std::abort();
        mapped_ = usable_ + page;
    }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;
    ~Guarded() { ::munmap(begin_, mapped_); }

    std::size_t capacity() const noexcept { return usable_; }

    /// The last @p size bytes before the forbidden page.
    std::span<std::byte> last(std::size_t size) noexcept { return {begin_ + usable_ - size, size}; }

    std::span<std::byte> copy(std::span<const std::byte> bytes) noexcept {
        const auto to = last(bytes.size());
        if (!bytes.empty()) std::memcpy(to.data(), bytes.data(), bytes.size());
        return to;
    }

private:
    std::byte* begin_ = nullptr;
    std::size_t usable_ = 0;
    std::size_t mapped_ = 0;
};

} // namespace morphogen::fuzz
