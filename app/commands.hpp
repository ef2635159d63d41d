#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

/// The commands of the program, one file each: options and wiring, nothing else.
namespace app {

/// What every command needs from main and gives back to it.
struct Program {
    int argc = 0;
    char** argv = nullptr;
    int exit_code = 0;
};

void add_run(CLI::App& app, Program& program);
void add_validate(CLI::App& app, Program& program);
void add_config(CLI::App& app, Program& program);
void add_info(CLI::App& app, Program& program);
void add_render(CLI::App& app, Program& program);
void add_diff(CLI::App& app, Program& program);
void add_verify(CLI::App& app, Program& program);
void add_repair(CLI::App& app, Program& program);
void add_rechunk(CLI::App& app, Program& program);
void add_gather(CLI::App& app, Program& program);
void add_series(CLI::App& app, Program& program);
void add_crops(CLI::App& app, Program& program);
void add_stats(CLI::App& app, Program& program);
void add_bench(CLI::App& app, Program& program);

/// The repeatable --set option of the commands that take a configuration.
inline void add_overrides(CLI::App& command, std::vector<std::string>& overrides) {
    command
        .add_option("--set", overrides,
                    "override a key, with TOML's value syntax: --set model.feed=0.03")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
}

/// "morphogen: " and each line of @p text, on stderr.
void print_error(const std::string& text);
/// "morphogen: note: " and @p text, on stderr.
void print_note(const std::string& text);

} // namespace app
