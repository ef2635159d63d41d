// Replaces the program's operator new, which the sanitizers have their own of: not in their builds.
#if !MORPHOGEN_TEST_SANITIZED

#    include "morphogen/parallel/join.hpp"
#    include "morphogen/parallel/team.hpp"

#    include "catch.hpp"
#    include "watchdog.hpp"

#    include <atomic>
#    include <cstddef>
#    include <cstdlib>
#    include <new>

using namespace morphogen;

namespace {

std::atomic<long> allocations{0};

long count(int depth) {
    if (depth == 0) return 1;
    const auto [left, right] =
        parallel::join([=] { return count(depth - 1); }, [=] { return count(depth - 1); });
    return left + right;
}

} // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size)) return p;
    throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

TEST_CASE("join allocates nothing, stolen or not") {
    const test::Watchdog dog("allocations");
    parallel::Team team(2);
    long before = 0;
    long during = 0;
    long counted = 0;
    team.fork_join([&] {
        before = allocations;
        for (int i = 0; i < 20; ++i)
            counted += count(16);
        during = allocations - before;
        before = allocations;
        ::operator delete(::operator new(1)); // the control
    });
    CHECK(counted == 20L << 16);
    CHECK(during == 0);
    CHECK(allocations > before);
}

#endif
