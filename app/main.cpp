#include "morphogen/core/error.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/store/library.hpp"

#include "commands.hpp"
#include "crash_message.hpp"
#include "version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <new>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace app {
namespace {

/// Where it cannot be written there is nowhere to tell: the exit code says it.
void put_on_stderr(const std::string& text) {
    static_cast<void>(std::fputs(text.c_str(), stderr));
}

} // namespace

void print_error(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        put_on_stderr(fmt::format("morphogen: {}\n", line));
}

void print_note(const std::string& text) {
    put_on_stderr(fmt::format("morphogen: note: {}\n", morphogen::core::single_line(text)));
}

namespace {

constexpr const char* description =
    "Simulates Gray-Scott reaction-diffusion and streams every frame, compressed, into HDF5.";

constexpr const char* footer =
    "\nExit codes: 0 done, 1 failed while running, 2 bad usage or configuration, 75 stopped early "
    "with a valid\ncheckpoint (go on with --resume), 130 second Ctrl-C. `morphogen COMMAND --help` "
    "tells more.";

/// CLI11 complains of a missing subcommand where there is one that it does not know.
std::string explain(const CLI::App& cli, const CLI::ParseError& error, int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    std::vector<std::string> commands;
    for (const CLI::App* known : cli.get_subcommands([](const CLI::App*) { return true; }))
        commands.push_back(known->get_name());
    if (dynamic_cast<const CLI::RequiredError*>(&error) && !command.empty() &&
        std::find(commands.begin(), commands.end(), command) == commands.end())
        return fmt::format("unknown {} ({}); the commands are {}",
                           command.starts_with('-') ? "option" : "command", command,
                           fmt::join(commands, ", "));
    std::string text = error.what();
    // CLI11 spells the largest double out, in 309 digits.
    if (const auto range = text.find(" not in range 0.000000 to 1797"); range != std::string::npos)
        text.replace(range, std::string::npos, " is too small or too large");
    return text + "; see morphogen --help";
}

/// What was printed may have met a full disk: then it is not done.
int flush_output() {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
    print_error(fmt::format("cannot write to standard output: {}; free space, or write elsewhere",
                            morphogen::core::errno_text(errno)));
    return static_cast<int>(morphogen::core::ExitCode::failed);
}

/// CLI11's own codes mean nothing to scripts: everything it refuses is bad usage.
int parse(CLI::App& app, int argc, char** argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return app.exit(e); // --help, --version
        print_error(explain(app, e, argc, argv));
        return static_cast<int>(morphogen::core::ExitCode::usage);
    }
    return 0;
}

/// The commands run inside parse(), as CLI11's callbacks.
int run(int argc, char** argv) {
    std::optional<CrashMessage> crash_message; // a simulation reads no files of others
    if (argc > 1 && argv[1] != std::string_view("run")) crash_message.emplace();
    Program program{argc, argv};
    CLI::App cli(description, "morphogen");
    cli.footer(footer);
    cli.set_version_flag("--version", version_text,
                         "the build: revision, compiler, libraries, instruction sets");
    cli.require_subcommand(1);
    add_run(cli, program);
    add_validate(cli, program);
    add_config(cli, program);
    add_info(cli, program);
    add_verify(cli, program);
    add_repair(cli, program);
    add_rechunk(cli, program);
    add_gather(cli, program);
    add_series(cli, program);
    add_crops(cli, program);
    add_render(cli, program);
    add_diff(cli, program);
    add_stats(cli, program);
    add_bench(cli, program);

    const int usage = parse(cli, argc, argv);
    if (usage != 0) return usage;
    const int unprinted = flush_output();
    return program.exit_code != 0 ? program.exit_code : unprinted;
}

} // namespace
} // namespace app

int main(int argc, char** argv) {
    using morphogen::core::ExitCode;
    try {
        morphogen::parallel::save_process_affinity();
        morphogen::store::keep_hdf5_at_exit();
        return app::run(argc, argv);
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
