#pragma once

#include <cstddef>
#include <vector>

namespace morphogen::parallel {

/// A set of the machine's cores (hardware threads, as the operating system numbers them). Empty
/// where the system does not say, which means: all.
class CoreSet {
public:
    CoreSet() = default;

    /// The cores that the calling thread may run on.
    static CoreSet of_this_thread();

    /// The cores that the process's first thread may run on.
    static CoreSet of_main_thread();

    /// 0 if the system does not say.
    int count() const noexcept;
    bool contains(int core) const noexcept;
    std::vector<int> numbers() const; // in order

    /// The cores of the places among which OpenMP binds threads (OMP_PLACES, or its own choice);
    /// empty if it binds none.
    static CoreSet of_openmp_places();

    /// The same set with only @p core.
    static CoreSet single(int core);

    void add(int core); // does nothing for a negative one
    void add(const CoreSet& other);

    /// Lets the calling thread run on these cores, and on no others. @returns whether the system
    /// did it.
    bool restore_on_this_thread() const noexcept;

    friend bool operator==(const CoreSet&, const CoreSet&) = default;

private:
    std::vector<unsigned long> words_; // a cpu_set_t of any length; no trailing zero words
};

/// Call once at the start of main, before the first OpenMP region and before any thread: with
/// OMP_PROC_BIND the main thread is bound to one core, by LLVM's runtime when that region starts,
/// by GNU's even before main, and threads made later inherit it.
void save_process_affinity();

/// What save_process_affinity() saw, or would see now if it was never called: the main thread's
/// cores, and those of the places among which OpenMP binds threads. Any thread.
const CoreSet& process_affinity();

/// Cores that this process may use if it has nobody to share them with, at least 1: those of
/// process_affinity(), and no more than the control group's CPU quota, rounded up. Any thread.
int usable_cores();

/// Lets the calling thread run wherever the process could when it started: for threads made after
/// the main one was bound.
/// @returns whether the system did it.
bool restore_process_affinity_on_this_thread();

/// Lets the calling thread, and threads that it makes later, yield to the others of the process
/// when cores are short.
/// @returns whether the system did it (Linux only; elsewhere it does nothing).
bool set_background_priority() noexcept;

/// Names the calling thread for debuggers and `top -H`; cut at 15 characters.
void name_this_thread(const char* name) noexcept;

} // namespace morphogen::parallel
