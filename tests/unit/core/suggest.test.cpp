#include "morphogen/core/suggest.hpp"

#include "catch.hpp"

#include <array>

using namespace morphogen::core;

TEST_CASE("edit distance counts insertions and deletions and substitutions and swaps") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("feed", "fed") == 1);
    CHECK(edit_distance("feed", "feeed") == 1);
    CHECK(edit_distance("feed", "fred") == 1);
    CHECK(edit_distance("shape", "shpae") == 1);
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("ca", "abc") ==
          3); // optimal string alignment, not full Damerau-Levenshtein
}

TEST_CASE("a name is taken for the closest one, or for what others call it") {
    const std::array names{Candidate{"lagoon", "viridis"}, Candidate{"gray", "grey greys"}};
    CHECK(closest("lagon", names) == "lagoon");
    CHECK(closest("viridis", names) == "lagoon");
    CHECK(closest("Greys", names) == "gray");
    CHECK(closest("jet", names).empty());
}
