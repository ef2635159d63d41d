#include "morphogen/store/user_block.hpp"

#include "morphogen/core/descriptor.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/whole_io.hpp"
#include "morphogen/store/hdf5/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace morphogen::store {

std::uint64_t user_block_of(const hdf5::File& file) {
    const hdf5::Properties creation(hdf5::call("H5Fget_create_plist", {.object = file.get()},
                                               [&] { return H5Fget_create_plist(file.get()); }));
    hsize_t bytes = 0;
    hdf5::call("H5Pget_userblock", {.object = file.get()},
               [&] { return H5Pget_userblock(creation.get(), &bytes); });
    return bytes;
}

void copy_user_block(const std::filesystem::path& from, const hdf5::File& to, std::uint64_t bytes) {
    const core::Descriptor input = core::open_descriptor(from, O_RDONLY);
    const int output = hdf5::descriptor_of(to);
    const auto fail = [&](std::string_view what, const std::string& where, std::string_view why) {
        throw core::Error(core::ErrorText{.what = what, .where = where, .why = why});
    };
    constexpr std::uint64_t at_once = std::uint64_t{1} << 16;
    std::vector<std::byte> some(static_cast<std::size_t>(std::min(bytes, at_once)));
    for (std::uint64_t at = 0; at < bytes; at += some.size()) { // powers of 2: no rest
        const std::int64_t got = core::read_whole(input.get(), some, at);
        if (got != static_cast<std::int64_t>(some.size()))
            fail("cannot read user block", fmt::format("{}, offset {}", from.native(), at),
                 got < 0 ? core::errno_text(errno) : std::string("the file ends in it"));
        if (const int failed = core::write_whole(output, some, at); failed != 0)
            fail("cannot write user block", hdf5::describe({.object = to.get()}),
                 core::errno_text(failed));
    }
}

} // namespace morphogen::store
