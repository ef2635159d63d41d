#include "io/io_errors.hpp"

#include <sys/stat.h>

namespace morphogen::io {

core::Error range_error(const std::string& what, const std::filesystem::path& path,
                        core::Index offset, core::Index length, const std::string& why) {
    const std::string where =
        path.native() + ", offset " + std::to_string(offset) +
        (length == to_end ? ", to the end" : ", length " + std::to_string(length));
    return core::Error(core::ErrorText{.what = what, .where = where, .why = why});
}

ReadFailure read_failure(const std::shared_ptr<const std::filesystem::path>& path,
                         const ActiveRequest& request, const Range* range, const std::string& why) {
    if (!range)
        return {.path = path,
                .length = to_end,
                .request_tag = request.tag,
                .error = core::Error(core::ErrorText{
                    .what = "cannot open file", .where = path->native(), .why = why})};
    return {.path = path,
            .offset = range->offset,
            .length = range->length,
            .request_tag = request.tag,
            .range_tag = range->tag,
            .error = range_error("cannot read range", *path, range->offset, range->length, why)};
}

std::variant<Range, std::string> resolve(const Range& range, core::Index size) {
    const std::string size_text = "the file has " + std::to_string(size) + " bytes";
    Range exact = range;
    if (exact.offset < 0) exact.offset += size; // of different signs: no overflow
    if (exact.offset < 0) return "it begins before the start: " + size_text;
    if (exact.offset > size) return "it begins past the end: " + size_text;
    if (exact.length < to_end) return std::string("a length cannot be negative");
    if (exact.length == to_end) exact.length = size - exact.offset;
    if (exact.length > size - exact.offset) return "it ends past the end: " + size_text;
    return exact;
}

std::string shrank(const Range& range, core::Index bytes) {
    return "the file ended at " + std::to_string(range.offset + bytes) +
           ": it became shorter while it was read";
}

std::string not_regular(unsigned mode) {
    if (S_ISDIR(mode)) return "it is a directory";
    return "it is not a regular file";
}

} // namespace morphogen::io
