#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace morphogen::core {

/// Bytes that this process may still use: the least of the machine's available memory, the cgroup's
/// limit (v1 or v2) and RLIMIT_AS / RLIMIT_DATA. Never 0.
std::uint64_t usable_memory();

/// The largest resident set of this process so far, bytes.
std::uint64_t peak_rss_bytes() noexcept;

/// "64MiB", "1.5GiB", "64MB", "4096": bytes. A bare K, M, G or T is binary (SPEC section 3).
/// @throws UsageError naming the text.
std::uint64_t parse_size(std::string_view text);

/// "1.4 GiB": for people.
std::string format_size(std::uint64_t bytes);

} // namespace morphogen::core
