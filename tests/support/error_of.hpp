#pragma once

#include <exception>
#include <string>
#include <utility>

namespace morphogen::test {

/// The text of what @p work throws; empty if nothing.
template <typename Work>
std::string error_of(Work&& work) {
    try {
        std::forward<Work>(work)();
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

} // namespace morphogen::test
