#pragma once

#include <string>

namespace morphogen::mpi {

/// What MPI allows threads to do (MPI standard, section "MPI and Threads"), weakest first.
enum class ThreadLevel { single, funneled, serialized, multiple };

/// Initialises MPI for the life of the object: made once, at the start of a program's main. Works
/// alone too, without mpirun. The library's other parts never initialise MPI: they take a
/// Communicator.
class Environment {
public:
    /// @throws core::Error if MPI is initialised already or cannot be.
    Environment(int& argc, char**& argv, ThreadLevel wanted);
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    /// Finalizes, unless an exception is in flight: other ranks may then wait in a call that this
    /// one never makes, and MPI_Finalize would wait for them. The program's end without it makes
    /// the launcher end the job.
    ~Environment();

    /// May be weaker than wanted.
    ThreadLevel granted() const noexcept { return granted_; }

private:
    ThreadLevel granted_ = ThreadLevel::single;
    int exceptions_ = 0; // in flight when made
};

/// Between MPI_Init and MPI_Finalize, whoever called them. Any thread.
bool is_active() noexcept;

/// "Open MPI v4.1.4": the library's first line about itself. Works before MPI is initialised.
std::string library_version();

/// Whether the environment says that a launcher (Open MPI, PMI, PMIx or Slurm's srun) started this
/// process as a rank.
bool launched_by_mpi() noexcept;

/// How many ranks the launcher has started, as far as its environment tells; else 1. MPI need not
/// be initialised.
int launched_ranks() noexcept;

} // namespace morphogen::mpi
