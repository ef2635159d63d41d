#include "morphogen/simulation/tiling_policy.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/kernel/tuning.hpp"

#include <algorithm>
#include <array>
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

struct Size {
    std::string_view key;
    Index kernel::Tiling::*member;
    Index most;
};
constexpr std::array sizes{
    Size{"depth", &kernel::Tiling::depth, 64}, Size{"columns", &kernel::Tiling::columns, 1 << 20},
    Size{"rows", &kernel::Tiling::rows, 1 << 20}, Size{"planes", &kernel::Tiling::planes, 1 << 20}};

void parse_part(std::string_view part, kernel::Tiling& t, std::string_view name, int dims) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) refuse(name, part, "there is no '=' in it");
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    const auto expect_first = [&](bool first) {
        if (!first) refuse(name, part, std::string(key) + " is given twice");
    };
    if (dims == 2 && key == "planes") refuse(name, part, "a grid of two dimensions has no planes");
    if (key == "stores" && (value == "cached" || value == "streamed")) {
        expect_first(t.stores == kernel::Stores::automatic);
        t.stores = value == "cached" ? kernel::Stores::cached : kernel::Stores::streamed;
        return;
    }
    const auto* const size = std::ranges::find(sizes, key, &Size::key);
    if (size == sizes.end()) refuse(name, part, "there is no such setting");
    expect_first(t.*size->member == 0);
    t.*size->member = parse_size(value, size->most, part, name);
}

} // namespace

TilingPolicy parse_tiling_policy(std::string_view text, int dims, std::string_view name) {
    if (text.empty() || text == "auto")
        return {.tune = true, .cache = kernel::TilingCache::default_directory()};
    TilingPolicy policy;
    if (text == "static") return policy;
    while (true) {
        const std::size_t comma = text.find(',');
        parse_part(text.substr(0, comma), policy.fixed, name, dims);
        if (comma == std::string_view::npos) return policy;
        text.remove_prefix(comma + 1);
    }
}

TilingPolicy tiling_policy_from_environment(int dims, const mpi::Communicator& comm) {
    constexpr const char* name = "MORPHOGEN_TILING";
    const char* const mine = std::getenv(name);
    std::string text = mine == nullptr ? "" : mine;
    comm.broadcast(text);
    return parse_tiling_policy(text, dims, name);
}

} // namespace morphogen::simulation
