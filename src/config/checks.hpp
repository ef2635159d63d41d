#pragma once

namespace morphogen::config {

class Reader;

/// Fills in the defaults that depend on other keys (the stencil of a 3-D grid), cuts chunks to the
/// grid and reports what keys say against each other. What depends on the number of ranks is not
/// known here.
void resolve_and_check(Reader& reader);

} // namespace morphogen::config
