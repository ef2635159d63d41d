#pragma once

#include "support.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace morphogen::test {

/// A buffer that holds what file @p number does from @p offset on.
inline io::Buffer part(io::BufferPool& pool, std::uint64_t number, core::Index offset,
                       std::size_t size) {
    io::Buffer buffer = pool.acquire(size);
    for (std::byte& byte : buffer.span())
        byte = content(number, offset++);
    return buffer;
}

inline std::vector<std::byte> bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<std::byte> bytes;
    for (std::istreambuf_iterator<char> i(in), end; i != end; ++i)
        bytes.push_back(static_cast<std::byte>(*i));
    return bytes;
}

} // namespace morphogen::test
