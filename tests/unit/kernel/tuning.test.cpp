#include "morphogen/kernel/tuning.hpp"

#include "catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace morphogen;
using namespace morphogen::kernel;
using core::Extents;
using core::Index;
namespace fs = std::filesystem;

namespace {

class Directory {
public:
    Directory() {
        char name[] = "/tmp/morphogen-tuning-XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        path = name;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { fs::remove_all(path); }
    fs::path path;
};

fs::path only_file(const fs::path& directory) {
    REQUIRE(std::distance(fs::directory_iterator(directory), {}) == 1);
    return fs::directory_iterator(directory)->path();
}

void write(const fs::path& file, const std::string& text) {
    std::ofstream(file) << text;
}

constexpr Tiling some_tiling{12, 480, 540, 1, Stores::streamed};

} // namespace

TEST_CASE("a measured tiling is one of the candidates and no deeper than the planned one") {
    Physics p;
    for (const Extents& n :
         {Extents{1, 60, 130}, Extents{1, 3, 5000}, Extents{24, 20, 40}, Extents{1, 1, 1}}) {
        p.stencil = n[0] > 1 ? Stencil::seven_point : Stencil::oono_puri;
        const int dims = info(p.stencil).dims;
        const auto all = candidate_tilings<float>(dims, n, best_isa(), 2);
        const Tiling chosen = choose_tiling<float>(dims, n, best_isa(), 2);
        REQUIRE(all.front() == chosen);
        for (const Tiling& t : all)
            CHECK((t.depth <= chosen.depth && t.depth >= 1 && t.columns >= 1 && t.rows >= 1 &&
                   t.planes >= 1 && t.stores != Stores::automatic));
        const Tiling best = measure_tiling<float>(p, n, best_isa(), 2, 0.0);
        CHECK(std::ranges::find(all, best) != all.end());
    }
}

TEST_CASE("no candidate is deeper than a depth that is given") {
    const auto all = candidate_tilings<float>(2, {1, 400, 640}, best_isa(), 2, 19);
    CHECK(all.front().depth == 19);
    CHECK(all.size() > 3);
    for (const Tiling& t : all)
        CHECK(t.depth <= 19);
    const Tiling best = measure_tiling<float>({}, {1, 400, 640}, best_isa(), 2, 0.0, 19);
    CHECK(std::ranges::find(all, best) != all.end());
}

TEST_CASE("a grid larger than the measurement's memory is measured in part") {
    Physics p;
    const Tiling t = measure_tiling<double>(p, {1, 2000000, 16384}, best_isa(), 1, 0.0);
    CHECK(t.depth >= 1); // a whole one would take a terabyte
}

TEST_CASE("a tiling is found again under its key only") {
    const Directory d;
    const TilingCache cache(d.path / "made" / "here");
    CHECK_FALSE(cache.find("a").has_value());
    cache.store("a", some_tiling);
    CHECK(cache.find("a") == some_tiling);
    CHECK_FALSE(cache.find("b").has_value());
    cache.store("a", {1, 2, 3, 4, Stores::cached});
    CHECK(cache.find("a") == Tiling{1, 2, 3, 4, Stores::cached});
    // Two keys of the same hash would share a file: the key in it decides.
    fs::copy_file(only_file(d.path / "made" / "here"), d.path / "kept");
    cache.store("b", some_tiling);
    for (const auto& entry : fs::directory_iterator(d.path / "made" / "here"))
        fs::copy_file(d.path / "kept", entry.path(), fs::copy_options::overwrite_existing);
    CHECK_FALSE(cache.find("b").has_value());
}

TEST_CASE("a damaged file is as if nothing had been measured") {
    const Directory d;
    const TilingCache cache(d.path);
    cache.store("key", some_tiling);
    const fs::path file = only_file(d.path);
    for (const char* text :
         {"", "key", "key\n", "key\n12 480", "key\n12 480 540 1 x\n", "other\n12 480 540 1 2\n",
          "key\n0 480 540 1 2\n", "key\n99999 480 540 1 2\n", "key\n12 -1 540 1 2\n",
          "key\n12 480 540 1 0\n", "key\n12 480 540 1 3\n", "\xff\xfe\n"}) {
        CAPTURE(text);
        write(file, text);
        CHECK_FALSE(cache.find("key").has_value());
    }
    write(file, "key\n12 480 540 1 2\n");
    CHECK(cache.find("key") == some_tiling);
    fs::remove(file);
    fs::create_directory(file); // reading a directory fails otherwise than a missing file
    CHECK_FALSE(cache.find("key").has_value());
    cache.store("key", some_tiling);
    CHECK_FALSE(cache.find("key").has_value());
}

TEST_CASE("a cache that cannot be written keeps nothing and says nothing") {
    const Directory d;
    write(d.path / "file", "");
    for (const fs::path& where : {fs::path(), d.path / "file" / "below", fs::path("/proc/none")}) {
        const TilingCache cache(where);
        cache.store("key", some_tiling);
        CHECK_FALSE(cache.find("key").has_value());
    }
}

TEST_CASE("keys tell everything apart that a tiling depends on") {
    const std::string key = tiling_key<float>(Stencil::oono_puri, {1, 10, 20}, Isa::avx2, 2, 1, 16);
    CHECK(key.find('\n') == std::string::npos);
    CHECK(key != tiling_key<double>(Stencil::oono_puri, {1, 10, 20}, Isa::avx2, 2, 1, 16));
    CHECK(key != tiling_key<float>(Stencil::five_point, {1, 10, 20}, Isa::avx2, 2, 1, 16));
    CHECK(key != tiling_key<float>(Stencil::oono_puri, {1, 20, 10}, Isa::avx2, 2, 1, 16));
    CHECK(key != tiling_key<float>(Stencil::oono_puri, {1, 10, 20}, Isa::avx512, 2, 1, 16));
    CHECK(key != tiling_key<float>(Stencil::oono_puri, {1, 10, 20}, Isa::avx2, 3, 1, 16));
    CHECK(key != tiling_key<float>(Stencil::oono_puri, {1, 10, 20}, Isa::avx2, 2, 2, 16));
    CHECK(key != tiling_key<float>(Stencil::oono_puri, {1, 10, 20}, Isa::avx2, 2, 1, 17));
}

TEST_CASE("the cache's place follows the XDG rules") {
    const char* const old_xdg = std::getenv("XDG_CACHE_HOME");
    const std::string xdg = old_xdg != nullptr ? old_xdg : "";
    ::setenv("XDG_CACHE_HOME", "/somewhere", 1);
    CHECK(TilingCache::default_directory() == "/somewhere/morphogen");
    ::setenv("XDG_CACHE_HOME", "relative", 1);
    const char* const home = std::getenv("HOME");
    if (home != nullptr && *home == '/')
        CHECK(TilingCache::default_directory() == fs::path(home) / ".cache/morphogen");
    old_xdg != nullptr ? ::setenv("XDG_CACHE_HOME", xdg.c_str(), 1) : ::unsetenv("XDG_CACHE_HOME");
}
