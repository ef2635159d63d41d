#include "morphogen/run/node_resources.hpp"

#include "morphogen/core/memory.hpp"

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::run {
namespace {

using parallel::CoreRights;
using parallel::CpuLimit;

template <typename T>
void append(std::string& text, const T& value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T take(std::string_view& text) {
    T value{};
    std::memcpy(&value, text.data(), sizeof value);
    text.remove_prefix(sizeof value);
    return value;
}

/// The number of limits, they, the cores' numbers.
std::string pack(const CoreRights& rights) {
    std::string text;
    append(text, rights.limits.size());
    for (const CpuLimit& limit : rights.limits)
        append(text, limit);
    for (const int core : rights.cores.numbers())
        append(text, core);
    return text;
}

CoreRights unpack(std::string_view text) {
    CoreRights rights;
    rights.limits.resize(take<std::size_t>(text));
    for (CpuLimit& limit : rights.limits)
        limit = take<CpuLimit>(text);
    while (!text.empty())
        rights.cores.add(take<int>(text));
    return rights;
}

} // namespace

int share_of_cores(const mpi::Communicator& node, const CoreRights& mine) {
    std::vector<int> shares(static_cast<std::size_t>(node.size()), 1);
    const std::vector<std::string> texts = node.gather(pack(mine));
    if (node.is_root()) {
        std::vector<CoreRights> ranks;
        for (const std::string& text : texts)
            ranks.push_back(unpack(text));
        shares = parallel::share_cores(ranks);
    }
    node.broadcast(std::as_writable_bytes(std::span(shares)));
    return shares[static_cast<std::size_t>(node.rank())];
}

NodeResources find_node_resources(const mpi::Communicator& comm) {
    const mpi::Communicator node = comm.split_shared();
    return {.cores = parallel::usable_cores(),
            .share = share_of_cores(node, CoreRights::of_this_process()),
            .ranks = node.size(),
            .memory = static_cast<std::uint64_t>(
                node.allreduce(static_cast<std::int64_t>(core::usable_memory()), mpi::Op::min))};
}

} // namespace morphogen::run
