#include "morphogen/mpi/environment.hpp"

#include "morphogen/core/error.hpp"

#include "mpi/check.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <string_view>

namespace morphogen::mpi {
namespace {

constexpr std::array<int, 4> levels{MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED,
                                    MPI_THREAD_MULTIPLE};

/// Whether all ranks run on this machine, as far as Open MPI's mpirun tells.
bool are_all_here() noexcept {
    if (!launched_by_mpi()) return true;
    const char* const here = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    const char* const all = std::getenv("OMPI_COMM_WORLD_SIZE");
    return here != nullptr && all != nullptr && std::string_view(here) == all;
}

/// Spares what Open MPI does when it initialises and this program never needs. It reads that from
/// the environment; a choice of the user's stays.
void spare_open_mpi_work() noexcept {
    // A daemon beside a program that mpirun did not start, in case it wants to spawn others: 0.1 s,
    // and a process that a kill leaves behind.
    ::setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    // UCX takes 0.2 s to look at clocks and networks; within a machine messages need neither.
    if (!are_all_here()) return;
    ::setenv("OMPI_MCA_pml", "ob1", 0);
    // Open MPI 5 asks the kernel for routes between the machine's own addresses, and complains on
    // stderr that there are none where it has IPv6 (ompi issue 14079).
    ::setenv("OMPI_MCA_reachable", "weighted", 0);
}

} // namespace

Environment::Environment(int& argc, char**& argv, ThreadLevel wanted)
    : exceptions_(std::uncaught_exceptions()) {
    int initialised = 0;
    check(MPI_Initialized(&initialised), "MPI_Initialized");
    if (initialised != 0)
        throw core::Error(core::ErrorText{.what = "MPI is initialised already",
                                          .why = "only the program's main may do that, once"});
    spare_open_mpi_work();
    int provided = MPI_THREAD_SINGLE;
    check(MPI_Init_thread(&argc, &argv, levels[static_cast<std::size_t>(wanted)], &provided),
          "MPI_Init_thread");
    for (std::size_t i = 0; i < levels.size(); ++i) // the standard orders the levels' values
        if (provided >= levels[i]) granted_ = static_cast<ThreadLevel>(i);
}

Environment::~Environment() {
    if (std::uncaught_exceptions() <= exceptions_) MPI_Finalize();
}

bool is_active() noexcept {
    int initialised = 0;
    int finalized = 0;
    return MPI_Initialized(&initialised) == MPI_SUCCESS &&
           MPI_Finalized(&finalized) == MPI_SUCCESS && initialised != 0 && finalized == 0;
}

std::string library_version() {
    std::string text(MPI_MAX_LIBRARY_VERSION_STRING, '\0');
    int length = 0;
    if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS) return "unknown";
    text.resize(static_cast<std::size_t>(length));
    // "Open MPI v4.1.4, package: ..., ident: ..." and "MPICH Version:\t4.0\n...": the first words.
    text.resize(std::min(text.find_first_of(",\n"), text.size()));
    while (!text.empty() && (text.back() == '\0' || text.back() == ' '))
        text.pop_back();
    return text;
}

bool launched_by_mpi() noexcept {
    constexpr std::array names{"OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE", "PMIX_RANK",
                               "MPI_LOCALNRANKS"};
    for (const char* name : names)
        if (std::getenv(name) != nullptr) return true;
    // srun sets these; so does a batch script's own shell, where the step is "batch" and no rank.
    return std::getenv("SLURM_PROCID") != nullptr && std::getenv("SLURM_STEP_ID") != nullptr;
}

int launched_ranks() noexcept {
    if (!launched_by_mpi()) return 1;
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"})
        if (const char* const text = std::getenv(name)) return std::max(std::atoi(text), 1);
    const char* const tasks = std::getenv("SLURM_STEP_NUM_TASKS");
    return tasks != nullptr ? std::max(std::atoi(tasks), 1) : 1;
}

} // namespace morphogen::mpi
