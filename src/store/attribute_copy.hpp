#pragma once

#include "store/element_copy.hpp"

#include <string>

namespace morphogen::store {

/// Whether an attribute belongs to the machinery of dimension scales, which is made anew.
bool is_scale_attribute(const std::string& name);

/// Copies attribute @p name. @returns false if it holds references of a kind that cannot be
/// translated. @throws core::Error
bool copy_attribute(hid_t from, hid_t to, hid_t to_file, const std::string& name,
                    const ReferenceMap& references);

/// Whether its values are references, or hold some.
bool holds_references(hid_t object, const std::string& name);
/// Elements of variable length, or strings.
bool holds_variable_length(hid_t object, const std::string& name);

} // namespace morphogen::store
