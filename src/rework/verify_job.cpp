#include "rework/verify_job.hpp"

#include <algorithm>
#include <system_error>

namespace morphogen::rework {

namespace fs = std::filesystem;
using core::Index;

void VerifyJob::report(const std::string& line) {
    ++result_.problems;
    problem_(line);
}
void VerifyJob::report(std::string_view what, const std::string& where, std::string_view why) {
    report(core::Error(core::ErrorText{.what = what, .where = where, .why = why}).what());
}

void VerifyJob::add_task(const fs::path& file, const std::string& dataset, Index frames) {
    std::error_code failed;
    const fs::path one_name = fs::weakly_canonical(file, failed);
    const auto [place, is_new] =
        numbers_.emplace(failed ? file.native() : one_name.native(), tasks_.size());
    if (is_new) tasks_.push_back({file, {}});
    if (!dataset.empty()) {
        Index& demanded = tasks_[place->second].demanded[dataset];
        demanded = std::max(demanded, frames);
    }
}

} // namespace morphogen::rework
