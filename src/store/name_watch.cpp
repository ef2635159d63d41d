#include "morphogen/store/name_watch.hpp"

#include "morphogen/core/error.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>

namespace morphogen::store {
namespace {

constexpr double period_s = 1.0;

enum class Meaning { same, other, nothing };

Meaning meaning_of(const std::filesystem::path& path, int descriptor) {
    struct stat open {};
    struct stat named {};
    if (::fstat(descriptor, &open) != 0) return Meaning::same;
    if (::stat(path.c_str(), &named) != 0) {
        // Any other failure may be a passing one: it does not say that the name is gone.
        const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ESTALE;
        return gone ? Meaning::nothing : Meaning::same;
    }
    const bool same = open.st_ino == named.st_ino && open.st_dev == named.st_dev;
    return same ? Meaning::same : Meaning::other;
}

} // namespace

NameWatch::NameWatch(std::filesystem::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {
    // Not on a file system where the two never agree.
    if (meaning_of(path_, descriptor_) != Meaning::same) descriptor_ = -1;
}

void NameWatch::look_now_and_then() {
    if (descriptor_ < 0 || since_look_.seconds() < period_s) return;
    look();
    since_look_.restart();
}

void NameWatch::look() const {
    if (descriptor_ < 0) return;
    const Meaning meaning = meaning_of(path_, descriptor_);
    if (meaning == Meaning::same) return;
    const bool gone = meaning == Meaning::nothing;
    throw core::Error(
        core::ErrorText{.what = gone ? "what the run writes was removed or moved away"
                                     : "something else has taken the place of what the run writes",
                        .where = path_.native(),
                        .advice = "if it still exists put it back, and go on with --resume"});
}

} // namespace morphogen::store
