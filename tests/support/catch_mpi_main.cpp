// The main of tests that run as several ranks: MPI for the whole session. A rank that fails ends
// all of them at once, so that the others do not wait for it in a collective call until the time
// limit.
#if __has_include(<catch2/catch_session.hpp>)
#    include <catch2/catch_session.hpp>
#else
#    define CATCH_CONFIG_RUNNER
#    include <catch2/catch.hpp>
#endif

#include "morphogen/mpi/environment.hpp"

#include <mpi.h>

#include <iostream>

int main(int argc, char** argv) {
    morphogen::mpi::Environment mpi(argc, argv, morphogen::mpi::ThreadLevel::multiple);
    Catch::Session session;
    if (const int code = session.applyCommandLine(argc, argv); code != 0) return code;
    session.configData().abortAfter = 1;
    const int failures = session.run();
    if (failures != 0) {
        std::cout.flush();
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return failures;
}
