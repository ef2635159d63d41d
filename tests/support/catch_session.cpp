// The one file with Catch2's own code, which takes long to compile where it comes as a header.
#if __has_include(<catch2/catch_session.hpp>)
#    include <catch2/catch_session.hpp>
#else
#    define CATCH_CONFIG_RUNNER
#    include <catch2/catch.hpp>
#endif

#include "catch_session.hpp"

namespace morphogen::test {

int run_catch_session(int argc, char** argv, bool stop_at_first) {
    Catch::Session session;
    if (const int code = session.applyCommandLine(argc, argv); code != 0) return code;
    if (stop_at_first) session.configData().abortAfter = 1;
    return session.run();
}

} // namespace morphogen::test
