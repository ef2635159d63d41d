#pragma once

#include <cstddef>
#include <span>

namespace morphogen::codec {

/// A quick judgement from samples: could deflate shrink these bytes by more than about @p worth (a
/// fraction, e.g. 0.02)? Says no only if the bytes' distribution is nearly flat and hardly any
/// string repeats. About 0.1 ns per byte. Depends on the bytes alone, so that the same chunk always
/// gives the same stream.
bool worth_compressing(std::span<const std::byte> bytes, double worth) noexcept;

} // namespace morphogen::codec
