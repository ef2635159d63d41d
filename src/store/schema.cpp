#include "morphogen/store/schema.hpp"

#include <fmt/format.h>

namespace morphogen::store::schema {

std::string launch_name(core::Index launch) {
    return fmt::format("{:04}", launch);
}

std::string part_name(core::Index segment, int rank) {
    return fmt::format("parts/{:04}.{:04}.h5", segment, rank);
}

} // namespace morphogen::store::schema
