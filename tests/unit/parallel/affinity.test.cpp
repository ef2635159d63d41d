#include "morphogen/parallel/affinity.hpp"

#include "catch.hpp"
#include "parallel/cpu_quota.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

using namespace morphogen::parallel;

namespace {

/// What @p f returns on a thread of its own, so that the other tests keep their cores and priority.
template <typename F>
auto on_a_thread(F f) {
    decltype(f()) result{};
    std::thread([&] { result = f(); }).join();
    return result;
}

class Folder {
public:
    Folder()
        : path_(std::filesystem::temp_directory_path() / ("quota." + std::to_string(::getpid()))) {}
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
    }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

} // namespace

TEST_CASE("a set of cores counts and compares") {
    CHECK(CoreSet().count() == 0);
    CHECK_FALSE(CoreSet().contains(0));
    CHECK_FALSE(CoreSet().restore_on_this_thread());
    const CoreSet far = CoreSet::single(200);
    CHECK(far.count() == 1);
    CHECK(far.contains(200));
    CHECK_FALSE(far.contains(199));
    CHECK_FALSE(far.contains(100000));
    CHECK_FALSE(far.contains(-1));
    CHECK(far == CoreSet::single(200));
    CHECK_FALSE(far == CoreSet::single(201));
}

TEST_CASE("a thread made while its maker was bound gets the process's cores back") {
    save_process_affinity();
    const CoreSet all = process_affinity();
    REQUIRE(all.count() >= 1);
    CHECK(usable_cores() >= 1);
    CHECK(usable_cores() <= all.count());
    int first = 0;
    while (!all.contains(first))
        ++first;
    const bool restored = on_a_thread([&] {
        if (!CoreSet::single(first).restore_on_this_thread()) return false;
        const CoreSet inherited = on_a_thread([] { return CoreSet::of_this_thread(); });
        if (inherited.count() != 1) return false;
        return on_a_thread([&] {
            return restore_process_affinity_on_this_thread() && CoreSet::of_this_thread() == all;
        });
    });
    CHECK(restored);
    CHECK(CoreSet::of_main_thread() == all);
}

TEST_CASE("the process's cores are those of its parent, whatever OpenMP binds") {
    // Run once more with OMP_PROC_BIND by tests.cmake. Whoever started this test binds no thread.
    cpu_set_t parent;
    REQUIRE(::sched_getaffinity(::getppid(), sizeof parent, &parent) == 0);
    save_process_affinity();
    CHECK(process_affinity().count() == CPU_COUNT(&parent));
}

TEST_CASE("a set of cores grows") {
    CoreSet set = CoreSet::single(3);
    set.add(130);
    set.add(-1);
    CHECK(set.count() == 2);
    set.add(CoreSet::single(70));
    set.add(CoreSet());
    CHECK(set.count() == 3);
    CHECK((set.contains(3) && set.contains(70) && set.contains(130)));
    CoreSet small = CoreSet::single(1);
    small.add(set);
    CHECK(small.count() == 4);
}

TEST_CASE("a core that does not exist is refused") {
    CHECK_FALSE(on_a_thread([] { return CoreSet::single(1000).restore_on_this_thread(); }));
}

TEST_CASE("background priority is the calling thread's alone") {
    const auto nice_here = [] {
        return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)));
    };
    const int before = nice_here();
    const int in_thread = on_a_thread([&] {
        const bool worked = set_background_priority() && set_background_priority();
        return worked ? nice_here() : -1;
    });
    CHECK(in_thread >= 5);
    CHECK(nice_here() == before);
}

TEST_CASE("long thread names are cut") {
    const std::string name = on_a_thread([] {
        name_this_thread("morphogen writer");
        std::ifstream in("/proc/thread-self/comm");
        std::string text;
        std::getline(in, text);
        return text;
    });
    CHECK(name == "morphogen write");
}

TEST_CASE("the CPU quotas are those of the group and its ancestors") {
    const Folder root;
    const auto limits = [&] { return cpu_limits(root / "self", root / "fs"); };
    const auto quota = [&] { return std::ranges::min(limits(), {}, &CpuLimit::cores).cores; };
    CHECK(limits().empty()); // no such file
    SECTION("version 2") {
        root.write("self", "0::/a/b\n");
        CHECK(limits().empty());
        root.write("fs/a/b/cpu.max", "max 100000\n");
        CHECK(limits().empty());
        root.write("fs/a/cpu.max", "150000 100000\n");
        CHECK(quota() == 1.5);
        root.write("fs/cpu.max", "50000 100000\n");
        CHECK(quota() == 0.5);
        REQUIRE(limits().size() == 2);
        CHECK(limits() == limits()); // the same groups
        CHECK(limits()[0].inode != limits()[1].inode);
    }
    SECTION("version 1") {
        root.write("self", "garbage\n5:memory:/x\n4:cpu,cpuacct:/x\n3:cpuset:/x\n");
        root.write("fs/cpu/x/cpu.cfs_period_us", "100000\n");
        root.write("fs/cpu/x/cpu.cfs_quota_us", "-1\n");
        CHECK(limits().empty());
        root.write("fs/cpu/x/cpu.cfs_quota_us", "200000\n");
        CHECK(quota() == 2);
    }
    SECTION("a container sees the root only") {
        root.write("self", "0::/\n");
        root.write("fs/cpu.max", "300000 100000\n");
        CHECK(quota() == 3);
    }
}
