#pragma once

#include <cstddef>
#include <filesystem>

namespace morphogen::store {

/// While it lives, remove_unfinished_files() removes the file. Any thread. Paths that are too long
/// for a handler's table, or more than its places, are not in it: those files stay after a signal.
class UnfinishedName {
public:
    explicit UnfinishedName(const std::filesystem::path& path) noexcept;
    ~UnfinishedName();
    UnfinishedName(const UnfinishedName&) = delete;
    UnfinishedName& operator=(const UnfinishedName&) = delete;

private:
    std::size_t place_;
};

} // namespace morphogen::store
