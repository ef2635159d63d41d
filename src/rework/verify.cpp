#include "morphogen/rework/verify.hpp"

#include "rework/verify_file.hpp"
#include "rework/verify_inputs.hpp"
#include "rework/verify_job.hpp"

#include <exception>
#include <utility>

namespace morphogen::rework {

VerifyResult verify(const std::filesystem::path& path, const ReworkBudget& budget,
                    const std::function<void(const std::string&)>& problem) {
    VerifyJob job(budget, problem);
    add_inputs(job, path);
    for (std::size_t i = 0; i < job.tasks().size(); ++i) { // sources are added meanwhile
        const VerifyTask task = job.tasks()[i];
        try {
            job.guarded(task.file.native(), [&] { check_file(job, task); });
        } catch (const Refused& refused) {
            std::rethrow_exception(refused.why);
        }
        if (budget.progress)
            budget.progress(static_cast<core::Index>(i + 1),
                            static_cast<core::Index>(job.tasks().size()));
    }
    return std::move(job.result());
}

} // namespace morphogen::rework
