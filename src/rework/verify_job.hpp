#pragma once

#include "morphogen/core/error.hpp"
#include "morphogen/rework/verify.hpp"

#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::rework {

/// A file to look at, and how much of some of its datasets must be there.
struct VerifyTask {
    std::filesystem::path file;
    std::map<std::string, core::Index> demanded; // frames, by dataset
};

/// Too little memory is no problem of the file: it ends everything.
struct Refused {
    std::exception_ptr why;
};

/// What verify has to look at, and what it found. One thread.
class VerifyJob {
public:
    VerifyJob(const ReworkBudget& budget, const std::function<void(const std::string&)>& problem)
        : budget_(budget), problem_(problem) {}

    const ReworkBudget& budget() const noexcept { return budget_; }
    VerifyResult& result() noexcept { return result_; }
    const std::vector<VerifyTask>& tasks() const noexcept { return tasks_; }
    bool is_written() const noexcept { return is_written_; } // by a run, meanwhile
    void set_written(bool is_written) noexcept { is_written_ = is_written; }

    void report(const std::string& line);
    void report(std::string_view what, const std::string& where, std::string_view why);

    /// What goes wrong in @p check is a problem, and no reason to stop.
    template <typename Check>
    void guarded(const std::string& where, Check&& check) {
        try {
            check();
        } catch (const core::Error& error) {
            report(error.what());
        } catch (const std::bad_alloc&) {
            report("cannot check", where, "not enough memory");
        }
    }

    /// Each file once, by whatever names others lead to it: links may go round in circles.
    void add_task(const std::filesystem::path& file, const std::string& dataset,
                  core::Index frames);

private:
    const ReworkBudget& budget_;
    const std::function<void(const std::string&)>& problem_;
    std::vector<VerifyTask> tasks_;
    std::map<std::string, std::size_t> numbers_; // of tasks_, by the file's one name
    bool is_written_ = false;
    VerifyResult result_;
};

} // namespace morphogen::rework
