#include "morphogen/config/load.hpp"

#include "commands.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace app {

void add_config(CLI::App& app, Program&) {
    struct Options {
        std::string file;
        std::vector<std::string> overrides;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "config", "print the default configuration, commented, or FILE's, resolved");
    command->add_option("FILE", options->file, "a configuration (TOML)");
    add_overrides(*command, options->overrides);
    command->callback([options] {
        using namespace morphogen::config;
        if (!options->file.empty())
            fmt::print("{}", to_toml(load(options->file, options->overrides)));
        else if (!options->overrides.empty())
            fmt::print("{}", to_toml(parse("", "defaults", options->overrides)));
        else
            fmt::print("{}", default_toml());
    });
}

} // namespace app
