#include "morphogen/parallel/affinity.hpp"

#include "morphogen/parallel/share_cores.hpp"

#include <omp.h>

#include <algorithm>
#include <bit>

#if defined(__linux__)
#    include <pthread.h>
#    include <sched.h>
#    include <sys/resource.h>
#    include <sys/syscall.h>
#    include <unistd.h>

#    include <cerrno>
#    include <cstdio>
#endif

namespace morphogen::parallel {
namespace {

constexpr std::size_t word_bits = 8 * sizeof(unsigned long);

#if defined(__linux__)
/// @p thread 0: the calling one. Empty if the system does not say.
std::vector<unsigned long> affinity_words(pid_t thread) {
    // cpu_set_t holds 1024 cores; the kernel says EINVAL as long as its own mask is longer than
    // ours.
    for (std::size_t words = 1024 / word_bits; words <= (1U << 20U) / word_bits; words *= 2) {
        std::vector<unsigned long> mask(words, 0);
        if (::sched_getaffinity(thread, words * sizeof(unsigned long),
                                reinterpret_cast<cpu_set_t*>(mask.data())) == 0) {
            while (!mask.empty() && mask.back() == 0)
                mask.pop_back();
            return mask;
        }
        if (errno != EINVAL) break;
    }
    return {};
}
#else
std::vector<unsigned long> affinity_words(int) {
    return {};
}
#endif

} // namespace

CoreSet CoreSet::of_this_thread() {
    CoreSet set;
    set.words_ = affinity_words(0);
    return set;
}

CoreSet CoreSet::of_main_thread() {
    CoreSet set;
#if defined(__linux__)
    set.words_ = affinity_words(::getpid());
#endif
    return set;
}

CoreSet CoreSet::of_openmp_places() {
    CoreSet set;
    std::vector<int> cores;
    for (int place = 0; place < omp_get_num_places(); ++place) {
        cores.resize(static_cast<std::size_t>(omp_get_place_num_procs(place)));
        omp_get_place_proc_ids(place, cores.data());
        for (const int core : cores)
            set.add(core);
    }
    return set;
}

CoreSet CoreSet::single(int core) {
    CoreSet set;
    set.add(core);
    return set;
}

void CoreSet::add(int core) {
    if (core < 0) return;
    const auto bit = static_cast<std::size_t>(core);
    if (bit / word_bits >= words_.size()) words_.resize(bit / word_bits + 1, 0);
    words_[bit / word_bits] |= 1UL << (bit % word_bits);
}

void CoreSet::add(const CoreSet& other) {
    words_.resize(std::max(words_.size(), other.words_.size()), 0);
    for (std::size_t i = 0; i < other.words_.size(); ++i)
        words_[i] |= other.words_[i];
}

int CoreSet::count() const noexcept {
    int total = 0;
    for (const unsigned long word : words_)
        total += std::popcount(word);
    return total;
}

std::vector<int> CoreSet::numbers() const {
    std::vector<int> cores;
    for (int core = 0; static_cast<std::size_t>(core) < words_.size() * word_bits; ++core)
        if (contains(core)) cores.push_back(core);
    return cores;
}

bool CoreSet::contains(int core) const noexcept {
    if (core < 0) return false;
    const auto bit = static_cast<std::size_t>(core);
    return bit / word_bits < words_.size() &&
           ((words_[bit / word_bits] >> (bit % word_bits)) & 1UL) != 0;
}

bool CoreSet::restore_on_this_thread() const noexcept {
#if defined(__linux__)
    if (words_.empty()) return false;
    return ::sched_setaffinity(0, words_.size() * sizeof(unsigned long),
                               reinterpret_cast<const cpu_set_t*>(words_.data())) == 0;
#else
    return false;
#endif
}

const CoreSet& process_affinity() {
    static const CoreSet saved = [] {
        CoreSet cores = CoreSet::of_main_thread();
        if (cores.count() > 0) cores.add(CoreSet::of_openmp_places()); // else: all there are
        return cores;
    }();
    return saved;
}

void save_process_affinity() {
    static_cast<void>(process_affinity());
}

int usable_cores() {
    static const int cores = [] {
        const CoreRights alone = CoreRights::of_this_process();
        return share_cores({&alone, 1}).front();
    }();
    return cores;
}

bool restore_process_affinity_on_this_thread() {
    return process_affinity().restore_on_this_thread();
}

bool set_background_priority() noexcept {
#if defined(__linux__)
    // On Linux nice values belong to threads, although POSIX gives them to processes
    // (setpriority(2), NOTES).
    constexpr int nice = 5;
    const auto self = static_cast<id_t>(::syscall(SYS_gettid));
    errno = 0;
    const int now = ::getpriority(PRIO_PROCESS, self);
    if (errno == 0 && now >= nice) return true;
    return ::setpriority(PRIO_PROCESS, self, nice) == 0;
#else
    return false;
#endif
}

void name_this_thread(const char* name) noexcept {
#if defined(__linux__)
    char cut[16]; // the kernel's limit, with the final zero
    std::snprintf(cut, sizeof cut, "%.15s", name);
    static_cast<void>(::pthread_setname_np(::pthread_self(), cut));
#else
    static_cast<void>(name);
#endif
}

} // namespace morphogen::parallel
