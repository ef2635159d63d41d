#include "morphogen/config/load.hpp"

#include "catch.hpp"

#include <filesystem>
#include <set>

using namespace morphogen;

TEST_CASE("every file of configs is a configuration") {
    std::set<std::string> names;
    std::set<std::string> directories;
    for (const auto& entry : std::filesystem::directory_iterator(MORPHOGEN_CONFIGS)) {
        if (entry.path().extension() != ".toml") continue;
        INFO(entry.path().string());
        const config::Config config = config::load(entry.path());
        CHECK(config::to_toml(config::parse(config::to_toml(config), "again")) ==
              config::to_toml(config));
        names.insert(entry.path().stem().string());
        directories.insert(config.output.directory);
    }
    for (const char* name : {"quickstart", "reference", "gray-scott-3d", "cube-256-f64",
                             "cluster-large", "spots", "stripes", "coral", "mitosis", "waves"})
        CHECK(names.count(name) == 1);
    CHECK(directories.size() + 1 ==
          names.size()); // quickstart and reference write to "out", the default
}

TEST_CASE("the reference configuration is the default one") {
    const config::Config reference =
        config::load(std::filesystem::path(MORPHOGEN_CONFIGS) / "reference.toml");
    CHECK(config::to_toml(reference) == config::to_toml(config::Config{}));
}
