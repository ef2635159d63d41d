#include "morphogen/core/error.hpp"
#include "morphogen/parallel/affinity.hpp"

#include "commands.hpp"
#include "version.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <new>
#include <sstream>

namespace app {

void print_error(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        fmt::print(stderr, "morphogen: {}\n", line);
}

void print_note(const std::string& text) {
    fmt::print(stderr, "morphogen: note: {}\n", text);
}

namespace {

constexpr const char* description =
    "Simulates Gray-Scott reaction-diffusion and streams every frame, compressed, into HDF5.";

constexpr const char* footer =
    "\nExit codes: 0 done, 1 failed while running, 2 bad usage or configuration, 75 stopped early "
    "with a valid checkpoint,\n130 second Ctrl-C. `morphogen COMMAND --help` tells more.";

/// CLI11's own codes mean nothing to scripts: everything it refuses is bad usage.
int parse(CLI::App& app, int argc, char** argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return app.exit(e); // --help, --version
        print_error(std::string(e.what()) + "; see morphogen --help");
        return static_cast<int>(morphogen::core::ExitCode::usage);
    }
    return 0;
}

} // namespace
} // namespace app

int main(int argc, char** argv) {
    using morphogen::core::ExitCode;
    morphogen::parallel::save_process_affinity();

    app::Program program{argc, argv};
    CLI::App cli(app::description, "morphogen");
    cli.footer(app::footer);
    cli.set_version_flag("--version", app::version_text,
                         "the build: revision, compiler, libraries, instruction sets");
    cli.require_subcommand(1);
    app::add_run(cli, program);
    app::add_validate(cli, program);
    app::add_config(cli, program);
    app::add_info(cli, program);
    app::add_render(cli, program);
    app::add_bench(cli, program);

    // The commands run inside parse(), as CLI11's callbacks.
    try {
        const int usage = app::parse(cli, argc, argv);
        return usage != 0 ? usage : program.exit_code;
    } catch (const morphogen::core::Error& e) {
        app::print_error(e.what());
        return static_cast<int>(e.exit_code());
    } catch (const std::bad_alloc&) {
        app::print_error(
            "out of memory; use a smaller grid, f32, more ranks, or a smaller --memory");
    } catch (const std::exception& e) {
        app::print_error(e.what());
    }
    return static_cast<int>(ExitCode::failed);
}
