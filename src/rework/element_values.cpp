#include "rework/element_values.hpp"

#include "rework/with_number_type.hpp"

namespace morphogen::rework {
namespace {

template <typename T, bool swapped>
void convert(const std::byte* from, std::span<double> to) {
    for (double& value : to) {
        value = static_cast<double>(load_number<T, swapped>(from));
        from += sizeof(T);
    }
}

} // namespace

ToDoubles to_doubles(const store::ElementType& type) noexcept {
    if (!type.is_number()) return nullptr;
    return with_number_type(type, [](auto zero, auto swapped) -> ToDoubles {
        return convert<decltype(zero), swapped>;
    });
}

} // namespace morphogen::rework
