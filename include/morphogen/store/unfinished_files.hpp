#pragma once

namespace morphogen::store {

/// Removes the files that this process has begun and not finished (NewFile). For a program's signal
/// handlers: async-signal-safe; the process must end after it. The library installs none.
void remove_unfinished_files() noexcept;

} // namespace morphogen::store
