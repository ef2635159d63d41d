#pragma once

#include "morphogen/store/repair.hpp"
#include "morphogen/store/run_inventory.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

namespace morphogen::store {

/// Carries out what repairs a run, or only tells.
class RepairActions {
public:
    RepairActions(RepairMode mode, const RepairNote& note) : mode_(mode), note_(note) {}

    template <typename Do>
    void act(std::string text, Do&& carry_out) {
        if (note_) note_(text);
        report_.actions.push_back(std::move(text));
        if (carries_out()) carry_out();
    }
    void problem(std::string text) {
        if (std::find(report_.problems.begin(), report_.problems.end(), text) ==
            report_.problems.end())
            report_.problems.push_back(std::move(text));
    }
    bool carries_out() const noexcept { return mode_ == RepairMode::repair; }
    RepairReport& report() noexcept { return report_; }

    /// Whether the file can be opened plainly afterwards.
    bool clear_mark(const std::filesystem::path& path, Mark mark, core::Index frames);
    void complete_update(const std::filesystem::path& update);
    /// Ends every dataset of a file with the first @p frames frames.
    void cut_file(const std::filesystem::path& path, core::Index frames);

private:
    RepairMode mode_;
    const RepairNote& note_;
    RepairReport report_;
};

void remove_file(const std::filesystem::path& path);

} // namespace morphogen::store
