#include "morphogen/store/unfinished_files.hpp"

#include "store/unfinished_name.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

namespace morphogen::store {
namespace {

enum class State { free, taken, named };

/// A handler may come at any instruction, so nothing here allocates or locks.
struct Place {
    std::atomic<State> state{State::free};
    std::array<char, 4096> path{}; // absolute or of the working directory, with its 0
};
static_assert(std::atomic<State>::is_always_lock_free);

std::array<Place, 16> places;

} // namespace

UnfinishedName::UnfinishedName(const std::filesystem::path& path) noexcept : place_(0) {
    // OpenMP's runtime and HDF5 call exit() themselves where they cannot go on.
    static const int registered = std::atexit(remove_unfinished_files);
    static_cast<void>(registered);
    for (; place_ < places.size(); ++place_) {
        Place& place = places[place_];
        if (path.native().size() >= place.path.size()) continue;
        State expected = State::free;
        // acquire: partner is the release store in the destructor; the old path may be overwritten.
        if (!place.state.compare_exchange_strong(expected, State::taken, std::memory_order_acquire))
            continue;
        std::memcpy(place.path.data(), path.c_str(), path.native().size() + 1);
        place.state.store(State::named, std::memory_order_release); // partner: the handler's load
        return;
    }
}

UnfinishedName::~UnfinishedName() {
    if (place_ < places.size())
        places[place_].state.store(State::free, std::memory_order_release); // partner: above
}

void remove_unfinished_files() noexcept {
    for (Place& place : places) // acquire: partner is the release store that published the path
        if (place.state.load(std::memory_order_acquire) == State::named)
            ::unlink(place.path.data());
}

} // namespace morphogen::store
