#include "morphogen/core/error.hpp"
#include "morphogen/rework/gather.hpp"
#include "morphogen/store/run_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <numeric>
#include <system_error>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;

void add_directory(FileList& files, const fs::path& path) {
    FileList found;
    std::error_code failed;
    for (fs::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed))
        if (std::error_code ignored; it->is_regular_file(ignored)) found.add(it->path().native());
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot list directory", .where = path.native(), .why = failed.message()});
    found.sort();
    for (std::uint64_t i = 0; i < found.size(); ++i)
        files.add(found[i]);
}

void add_lines(FileList& files, std::istream& in, const fs::path& path) {
    for (std::string line; std::getline(in, line);) {
        if (line.ends_with('\r')) line.pop_back();
        if (!line.empty()) files.add(line);
    }
    if (in.bad())
        throw core::Error(core::ErrorText{
            .what = "cannot read list", .where = path.native(), .why = core::errno_text(errno)});
}

} // namespace

void FileList::add(std::string_view path) {
    text_ += path;
    ends_.push_back(text_.size());
    longest_ = std::max(longest_, path.size());
}

std::string_view FileList::operator[](std::uint64_t i) const noexcept {
    const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
}

std::uint64_t FileList::memory() const noexcept {
    return text_.capacity() + ends_.capacity() * sizeof(std::uint64_t);
}

void FileList::sort() {
    std::vector<std::uint64_t> order(size());
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::uint64_t a, std::uint64_t b) { return (*this)[a] < (*this)[b]; });
    FileList sorted;
    for (const std::uint64_t i : order)
        sorted.add((*this)[i]);
    *this = std::move(sorted);
}

FileList list_files(const std::vector<std::string>& paths) {
    FileList files;
    for (const std::string& path : paths) {
        std::error_code ignored;
        const store::RunDirectory run{path};
        if (fs::exists(run.frames(), ignored) && fs::exists(run.config(), ignored))
            files.add(run.frames().native());
        else if (fs::is_directory(path, ignored))
            add_directory(files, path);
        else
            files.add(path);
    }
    return files;
}

FileList read_file_list(const fs::path& path) {
    FileList files;
    if (path == "-") {
        add_lines(files, std::cin, "standard input");
        return files;
    }
    errno = 0;
    std::ifstream in(path);
    if (!in)
        throw core::Error(core::ErrorText{
            .what = "cannot read list", .where = path.native(), .why = core::errno_text(errno)});
    add_lines(files, in, path);
    return files;
}

} // namespace morphogen::rework
