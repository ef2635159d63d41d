// A configuration and, after a NUL byte, an override: whatever the bytes, they are read or refused
// in good order, and what is read prints and reads back the same.
#include "morphogen/config/load.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace morphogen;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto end = std::min(text.find('\0'), text.size());
    std::vector<std::string> overrides;
    if (end < text.size()) overrides.emplace_back(text.substr(end + 1));
    try {
        const config::Config parsed = config::parse(text.substr(0, end), "fuzz.toml", overrides);
        const std::string printed = config::to_toml(parsed);
        if (config::to_toml(config::parse(printed, "again.toml")) != printed) std::abort();
    } catch (const config::ConfigError& error) {
        if (error.lines().empty()) std::abort();
    }
    return 0;
}
