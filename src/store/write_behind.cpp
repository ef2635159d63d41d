#include "store/write_behind.hpp"

#include <fcntl.h>

#include <algorithm>

namespace morphogen::store {

void WriteBehind::wrote(std::uint64_t end) noexcept {
    end_ = std::max(end_, end);
    if (file_ < 0 || end_ < begun_ + sizes_.window) return;
    const auto range = [](std::uint64_t from, std::uint64_t to) {
        return static_cast<::off64_t>(to - from);
    };
    ::sync_file_range(file_, static_cast<::off64_t>(begun_), range(begun_, end_),
                      SYNC_FILE_RANGE_WRITE);
    begun_ = end_;
    if (begun_ < forgotten_ + sizes_.lag + sizes_.window) return;
    // Pages that are not on the disk yet stay.
    const std::uint64_t to = begun_ - sizes_.lag;
    ::posix_fadvise(file_, static_cast<::off64_t>(forgotten_), range(forgotten_, to),
                    POSIX_FADV_DONTNEED);
    forgotten_ = to;
}

} // namespace morphogen::store
