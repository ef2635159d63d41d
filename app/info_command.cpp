#include "morphogen/core/error.hpp"
#include "morphogen/rework/info.hpp"

#include "commands.hpp"

#include <fmt/format.h>

#include <memory>

namespace app {

void add_info(CLI::App& app, Program& program) {
    struct Options {
        std::string path;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("info", "what a run's directory or any HDF5 file holds");
    command->add_option("PATH", options->path, "a run's directory or an HDF5 file")->required();
    command->add_flag("--json", options->json, "print one JSON object");
    command->callback([options, &program] {
        const auto description = morphogen::rework::describe(options->path);
        fmt::print("{}", options->json ? to_json(description) : to_text(description));
        for (const std::string& problem : description.problems)
            print_error(problem);
        if (!description.problems.empty())
            program.exit_code = static_cast<int>(morphogen::core::ExitCode::failed);
    });
}

} // namespace app
