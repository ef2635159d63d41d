#pragma once

#include "morphogen/core/stopwatch.hpp"

#include <filesystem>

namespace morphogen::store {

/// Whether a name still means the file or directory that is open under it. Writing into a file that
/// was removed, moved away or replaced goes well, and is lost to whoever looks for it by its name.
class NameWatch {
public:
    NameWatch() = default; // watches nothing
    /// @p descriptor stays the caller's.
    NameWatch(std::filesystem::path path, int descriptor);

    /// Looks about once a second: on a network file system it is a question to a server.
    /// @throws core::Error
    void look_now_and_then();
    /// @throws core::Error
    void look() const;

private:
    std::filesystem::path path_;
    int descriptor_ = -1;
    core::Stopwatch since_look_;
};

} // namespace morphogen::store
