// The main of tests that run as several ranks: MPI for the whole session. A rank that fails ends
// all of them at once, so that the others do not wait for it in a collective call until the time
// limit.
#include "morphogen/mpi/environment.hpp"

#include "catch_session.hpp"

#include <mpi.h>

#include <iostream>

int main(int argc, char** argv) {
    morphogen::mpi::Environment mpi(argc, argv, morphogen::mpi::ThreadLevel::multiple);
    const int failures = morphogen::test::run_catch_session(argc, argv, true);
    if (failures != 0) {
        std::cout.flush();
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return failures;
}
