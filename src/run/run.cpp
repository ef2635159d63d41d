#include "morphogen/run/run.hpp"

#include "morphogen/mpi/agreement.hpp"

#include "session.hpp"

#include <exception>
#include <string>

namespace morphogen::run {

Report run_simulation(const config::Config& config, const mpi::Communicator& comm,
                      const RunOptions& options) {
    Session session(config, comm, options);
    std::exception_ptr error;
    std::string text;
    // Only what all ranks agreed on is handled here; anything else leaves at once and ends the job.
    const auto attempt = [&](auto&& stage) {
        try {
            stage();
            return true;
        } catch (const mpi::AgreedError& e) {
            if (!error) text = e.what();
            if (!error) error = std::current_exception();
            return false;
        }
    };
    if (attempt([&] { session.prepare(); })) attempt([&] { session.simulate(); });
    attempt([&] { session.finish(); });
    Report report;
    attempt([&] { report = session.conclude(text); });
    if (error) std::rethrow_exception(error);
    return report;
}

} // namespace morphogen::run
