#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/cache_size.hpp"
#include "morphogen/core/processor.hpp"
#include "morphogen/kernel/tuning.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <sstream>
#include <type_traits>

// A file holds two lines: the key, and "depth columns rows planes stores". Its name is a hash of
// the key; the key inside says whether it is the one that was meant.

namespace morphogen::kernel {

namespace {

/// FNV-1a.
std::uint64_t hash(std::string_view text) noexcept {
    std::uint64_t h = 0xcbf29ce484222325U;
    for (const char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return h;
}

/// What a file may hold that was damaged and still reads as numbers must not take all memory.
bool is_plausible(const Tiling& t, long long stores) noexcept {
    constexpr core::Index most = 1 << 20;
    return t.depth >= 1 && t.depth <= 64 && t.columns >= 1 && t.columns <= most && t.rows >= 1 &&
           t.rows <= most && t.planes >= 1 && t.planes <= most && stores >= 1 && stores <= 2;
}

} // namespace

std::filesystem::path TilingCache::default_directory() {
    const char* const cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && *cache == '/') // the XDG specification: ignore what is not absolute
        return std::filesystem::path(cache) / "morphogen";
    const char* const home = std::getenv("HOME");
    if (home != nullptr && *home == '/') return std::filesystem::path(home) / ".cache/morphogen";
    return {};
}

std::filesystem::path TilingCache::file_of(std::string_view key) const {
    char name[40];
    std::snprintf(name, sizeof name, "tiling-%016llx", static_cast<unsigned long long>(hash(key)));
    return directory_ / name;
}

std::optional<Tiling> TilingCache::find(std::string_view key) const noexcept {
    try {
        if (directory_.empty()) return std::nullopt;
        std::ifstream file(file_of(key));
        std::string its_key;
        Tiling t;
        long long stores = 0;
        if (!std::getline(file, its_key) || its_key != key) return std::nullopt;
        if (!(file >> t.depth >> t.columns >> t.rows >> t.planes >> stores) ||
            !is_plausible(t, stores))
            return std::nullopt;
        t.stores = static_cast<Stores>(stores);
        return t;
    } catch (const std::exception&) { // no memory for a line, say: then it is not found
        return std::nullopt;
    }
}

void TilingCache::store(std::string_view key, const Tiling& t) const noexcept {
    try {
        if (directory_.empty()) return;
        std::filesystem::create_directories(directory_);
        std::ostringstream text;
        text << key << '\n'
             << t.depth << ' ' << t.columns << ' ' << t.rows << ' ' << t.planes << ' '
             << static_cast<int>(t.stores) << '\n';
        core::replace_file(file_of(key), text.str(), core::Durability::none);
    } catch (const std::exception&) { // a full or read-only home costs the next run a measurement
    }
}

template <typename T>
std::string tiling_key(Stencil stencil, const core::Extents& shape, Isa isa, int threads, int ranks,
                       core::Index deepest) {
    std::ostringstream key;
    key << "3; " << core::processor_name() << "; L2 " << core::cache_bytes(2) << "; "
        << name_of(isa) << (std::is_same_v<T, float> ? " f32 " : " f64 ") << info(stencil).name
        << ' ' << shape[0] << 'x' << shape[1] << 'x' << shape[2] << "; threads " << threads
        << " ranks " << ranks << " depth " << deepest;
    return key.str();
}

template std::string tiling_key<float>(Stencil, const core::Extents&, Isa, int, int, core::Index);
template std::string tiling_key<double>(Stencil, const core::Extents&, Isa, int, int, core::Index);

} // namespace morphogen::kernel
