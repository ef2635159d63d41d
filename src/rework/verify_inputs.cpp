#include "rework/verify_inputs.hpp"

#include "morphogen/rework/info.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/directory_lock.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_directory.hpp"
#include "morphogen/store/run_inventory.hpp"

#include <system_error>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;
using store::FileReader;

class Inputs {
public:
    explicit Inputs(VerifyJob& job) : job_(job) {}

    void add(const fs::path& path) {
        const store::RunDirectory directory{path};
        std::error_code failed;
        const bool is_run = fs::is_directory(path, failed) && directory.holds_run();
        job_.set_written(store::is_locked(is_run ? path : run_directory_of(path)));
        if (job_.is_written())
            job_.result().unchecked.push_back(
                path.native() + ": whether its files are closed, since a run writes them");
        if (!is_run) {
            const fs::path file = data_file(path);
            FileReader(file, store::Access::whichever_works, store::Sources::not_looked_at);
            return job_.add_task(file, {}, 0);
        }
        if (fs::exists(directory.frames(), failed))
            job_.add_task(directory.frames(), {}, 0);
        else if (!store::take_inventory(directory).holds_nothing())
            job_.report("missing file", directory.frames().native(),
                        "it presents the run's frames");
        else
            job_.result().unchecked.push_back(directory.root.native() +
                                              ": frames, since none has been committed");
        report_unfinished(directory);
        if (!is_presenting(directory.frames())) // then the parts speak for themselves
            for (const fs::path& part : directory.existing_parts())
                if (part.extension() == ".h5") job_.add_task(part, {}, 0);
        check_checkpoints(directory);
    }

private:
    static bool is_presenting(const fs::path& frames) {
        try {
            FileReader(frames, store::Access::whichever_works, store::Sources::not_looked_at)
                .datasets();
            return true;
        } catch (const core::Error&) { // told when it is its turn
            return false;
        }
    }

    /// The directory that a run would lock: a part's is one above parts/.
    static fs::path run_directory_of(const fs::path& path) {
        std::error_code failed;
        if (fs::is_directory(path, failed)) return path;
        const fs::path folder = fs::absolute(path, failed).parent_path();
        return folder.filename() == "parts" ? folder.parent_path() : folder;
    }

    /// What a kill left, as repair would remove or complete it.
    void report_unfinished(const store::RunDirectory& directory) {
        if (job_.is_written()) return;
        const store::RunInventory run = store::take_inventory(directory);
        for (const fs::path& file : run.leftovers)
            job_.report("file was never completed", file.native(), "a kill left it; repair it");
        for (const fs::path& file : run.updates)
            job_.report("change was never completed", file.native(), "a kill left it; repair it");
    }

    void check_checkpoints(const store::RunDirectory& directory) {
        for (const store::CheckpointEntry& entry : store::list_checkpoints(directory)) {
            const auto problems = store::check_checkpoint(entry);
            std::error_code failed;
            if (job_.is_written() && !fs::exists(entry.directory, failed))
                continue; // rotated meanwhile
            ++job_.result().checkpoints;
            for (const std::string& problem : problems)
                job_.report(problem);
        }
        if (const std::string problem = store::check_latest(directory);
            !problem.empty() && !job_.is_written())
            job_.report(problem);
    }

    VerifyJob& job_;
};

} // namespace

void add_inputs(VerifyJob& job, const fs::path& path) {
    Inputs(job).add(path);
}

} // namespace morphogen::rework
