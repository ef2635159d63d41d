#pragma once

#include <filesystem>
#include <utility>

namespace morphogen::core {

/// Owns a file descriptor.
class Descriptor {
public:
    explicit Descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const noexcept { return descriptor_; }
    bool valid() const noexcept { return descriptor_ >= 0; }
    /// @returns 0, or errno.
    int close() noexcept;

private:
    int descriptor_; // -1: none
};

/// @param flags of open(2). @throws core::Error naming file and reason
Descriptor open_descriptor(const std::filesystem::path& path, int flags);

} // namespace morphogen::core
