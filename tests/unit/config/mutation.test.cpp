#include "catch.hpp"
#include "support.hpp"

#include <random>

using namespace morphogen;

namespace {

constexpr int rounds = 3000;

/// Pieces that lead into the parser's corners.
const std::vector<std::string> fragments{"[",
                                         "]",
                                         "{",
                                         "}",
                                         "\"",
                                         "'",
                                         "=",
                                         ",",
                                         ".",
                                         "\n",
                                         "#",
                                         "\\",
                                         "-",
                                         "inf",
                                         "nan",
                                         "1e999",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "0x",
                                         "[[",
                                         "]]",
                                         "\"\"\"",
                                         "\xff",
                                         "\xc3",
                                         "\x01",
                                         "[[initial.box]]\n",
                                         "[grid]\n",
                                         "true",
                                         "1979-05-27"};

std::string mutated(std::string text, std::mt19937& random) {
    const auto place = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n)(random);
    };
    for (std::size_t edits = place(3) + 1; edits > 0; --edits) {
        const std::size_t at = place(text.size());
        switch (place(3)) {
        case 0:
            text.insert(at, fragments[place(fragments.size() - 1)]);
            break;
        case 1:
            text.erase(at, place(20));
            break;
        case 2:
            text.insert(at, text.substr(place(text.size()), place(30)));
            break;
        default:
            if (at < text.size()) text[at] = static_cast<char>(place(255));
        }
    }
    return text;
}

/// Either a configuration that prints and reads back the same, or error lines that are fit to
/// print.
bool behaves(const std::string& text, const std::vector<std::string>& overrides) {
    try {
        const config::Config parsed = config::parse(text, "run.toml", overrides);
        const std::string printed = config::to_toml(parsed);
        return config::to_toml(config::parse(printed, "again.toml")) == printed;
    } catch (const config::ConfigError& error) {
        for (const std::string& line : error.lines())
            for (const char c : line)
                if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
        return !error.lines().empty();
    }
}

} // namespace

TEST_CASE("damaged configurations are read or refused in good order") {
    std::mt19937 random(20240229);
    std::string seed = config::default_toml();
    for (auto at = seed.find("\n# "); at != std::string::npos; at = seed.find("\n# ", at))
        seed.erase(at + 1, 2);
    for (int i = 0; i < rounds; ++i) {
        const std::string text = mutated(seed, random);
        const bool good = behaves(text, {});
        INFO(text);
        if (!good) CHECK(good);
    }
}

TEST_CASE("damaged overrides are read or refused in good order") {
    std::mt19937 random(42);
    const std::vector<std::string> seeds{
        "model.feed=0.03", "initial.box=[{from=[1,2],to=[3,4],u=1}]", "mpi.hints={a=\"b\"}",
        "output.codec=\"lz4\"", "checkpoint.every=10min"};
    for (int i = 0; i < rounds; ++i) {
        const std::string text = mutated(seeds[static_cast<std::size_t>(i) % seeds.size()], random);
        const bool good = behaves("[mpi]\nhints = {c = \"d\"}\n", {text, "grid.shape=[64, 64]"});
        INFO(text);
        if (!good) CHECK(good);
    }
}

TEST_CASE("deep nesting does not overflow the stack") {
    const auto deep = [](std::string_view open, int n) {
        std::string text = "grid.shape = ";
        for (int i = 0; i < n; ++i)
            text += open;
        return text;
    };
    CHECK(behaves(deep("[", 100000), {}));
    CHECK(behaves(deep("{a=", 100000), {}));
    CHECK(behaves("grid.shape = " + std::string(200, '[') + std::string(200, ']'), {}));
    std::string dotted = "a";
    for (int i = 0; i < 100000; ++i)
        dotted += ".a";
    CHECK(behaves(dotted + " = 1", {}));
    CHECK(behaves("[" + dotted + "]", {}));
    CHECK(behaves("", {dotted + "=1"}));
    // Dotted keys inside nested tables multiply.
    std::string part = "a";
    for (int i = 0; i < 60; ++i)
        part += ".a";
    std::string nested;
    for (int i = 0; i < 250; ++i)
        nested += part + "={";
    CHECK(behaves(nested + "b=1" + std::string(250, '}'), {}));
}
