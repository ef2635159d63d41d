#pragma once

// Catch2 3 has split headers, Catch2 2 a single one; the project's tests use what both have.
#if __has_include(<catch2/catch_all.hpp>)
#    include <catch2/catch_all.hpp>
using Catch::Approx;
namespace Catch {
inline auto Contains(const std::string& part) {
    return Matchers::ContainsSubstring(part); // Contains is another matcher there, of ranges
}
} // namespace Catch
#else
#    include <catch2/catch.hpp>
#endif
