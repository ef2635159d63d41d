#include "morphogen/simulation/tiling_policy.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/kernel/tuning.hpp"

#include <charconv>
#include <cstdlib>
#include <string>

namespace morphogen::simulation {
namespace {

using core::Index;

[[noreturn]] void refuse(std::string_view name, std::string_view part, std::string why) {
    throw core::UsageError(core::ErrorText{
        .what = "cannot use the tiling '" + std::string(part) + "'",
        .where = std::string(name),
        .why = std::move(why),
        .advice = "set it to auto, static, or depth=16,columns=480,rows=540 (each optional; "
                  "planes=N in 3-D; stores=cached or streamed)"});
}

Index parse_size(std::string_view value, Index most, std::string_view part, std::string_view name) {
    Index n = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc() || end != value.data() + value.size() || n < 1 || n > most)
        refuse(name, part, "it must be a number from 1 to " + std::to_string(most));
    return n;
}

void parse_part(std::string_view part, kernel::Tiling& t, std::string_view name) {
    constexpr Index deepest = 64;
    constexpr Index longest = 1 << 20;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) refuse(name, part, "there is no '=' in it");
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (key == "depth") {
        t.depth = parse_size(value, deepest, part, name);
    } else if (key == "columns") {
        t.columns = parse_size(value, longest, part, name);
    } else if (key == "rows") {
        t.rows = parse_size(value, longest, part, name);
    } else if (key == "planes") {
        t.planes = parse_size(value, longest, part, name);
    } else if (key == "stores" && value == "cached") {
        t.stores = kernel::Stores::cached;
    } else if (key == "stores" && value == "streamed") {
        t.stores = kernel::Stores::streamed;
    } else {
        refuse(name, part, "there is no such setting");
    }
}

} // namespace

TilingPolicy parse_tiling_policy(std::string_view text, std::string_view name) {
    if (text.empty() || text == "auto")
        return {.tune = true, .cache = kernel::TilingCache::default_directory()};
    TilingPolicy policy;
    if (text == "static") return policy;
    while (true) {
        const std::size_t comma = text.find(',');
        parse_part(text.substr(0, comma), policy.fixed, name);
        if (comma == std::string_view::npos) return policy;
        text.remove_prefix(comma + 1);
    }
}

TilingPolicy tiling_policy_from_environment(const mpi::Communicator& comm) {
    constexpr const char* name = "MORPHOGEN_TILING";
    const char* const mine = std::getenv(name);
    std::string text = mine == nullptr ? "" : mine;
    comm.broadcast(text);
    return parse_tiling_policy(text, name);
}

} // namespace morphogen::simulation
