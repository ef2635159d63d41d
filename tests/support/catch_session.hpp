#pragma once

namespace morphogen::test {

/// Runs what the command line asks for. @returns the number of failures, or an error's code; with
/// @p stop_at_first, after the first failure.
int run_catch_session(int argc, char** argv, bool stop_at_first);

} // namespace morphogen::test
