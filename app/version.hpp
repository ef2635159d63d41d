#pragma once

#include <string>

namespace app {

/// The lines of --version.
std::string version_text();

} // namespace app
