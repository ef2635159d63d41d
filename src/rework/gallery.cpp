#include "rework/gallery.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/rework/png.hpp"

#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view what, const fs::path& where, const std::string& why) {
    throw core::Error(core::ErrorText{.what = what, .where = where.native(), .why = why});
}

void prepare_directory(const fs::path& file) {
    const fs::path parent = file.has_parent_path() ? file.parent_path() : fs::path(".");
    std::error_code error;
    fs::create_directories(parent, error);
    if (error) fail("cannot create directory", parent, error.message());
    if (::access(parent.c_str(), W_OK | X_OK) != 0)
        fail("cannot write into directory", parent, core::errno_text(errno));
    if (fs::is_directory(file, error)) fail("cannot write file", file, "it is a directory");
}

} // namespace

Gallery::Gallery(const OutputPattern& pattern, const RenderPlan& plan, const RenderOptions& options,
                 core::Index first_frame)
    : pattern_(pattern) {
    const fs::path path = pattern_.path(first_frame);
    prepare_directory(path);
    if (pattern_.kind() == OutputKind::movie)
        movie_.emplace(path, plan.width, plan.height, options.frames_per_second);
}

void Gallery::encode(Picture& picture) const {
    if (!movie_) encode_png(picture.image, picture.png);
}

void Gallery::add(const Picture& picture, RenderResult& result) {
    const fs::path path = pattern_.path(picture.frame);
    if (movie_)
        movie_->add(picture.image);
    else
        core::replace_file(path, picture.png, core::Durability::none);
    if (result.pictures++ == 0) result.first = path;
    result.last = path;
    result.bytes += picture.png.size();
}

void Gallery::close(RenderResult& result) {
    if (!movie_) return;
    movie_->close();
    std::error_code unknown;
    const auto size = fs::file_size(result.last, unknown);
    if (!unknown) result.bytes = size;
}

} // namespace morphogen::rework
