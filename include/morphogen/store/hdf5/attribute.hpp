#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Attributes. Strings have fixed length: variable ones make VTK's reader lose time and arrays.
namespace morphogen::store::hdf5 {

void write_attribute(hid_t object, const char* name, std::string_view text);
void write_attribute(hid_t object, const char* name, std::int64_t value);
void write_attribute(hid_t object, const char* name, std::span<const std::int64_t> values);
void write_attribute(hid_t object, const char* name, double value);

bool has_attribute(hid_t object, const char* name);
bool is_string(hid_t object, const char* name);
/// Of a scalar (or one element): what a file holds under the name may be anything else, which
/// throws. A string of either kind.
std::string read_string(hid_t object, const char* name);
std::int64_t read_integer(hid_t object, const char* name);
double read_real(hid_t object, const char* name);
/// A scalar or an array of one axis.
std::vector<std::int64_t> read_integers(hid_t object, const char* name);
/// The names of an object's attributes, in their order of creation where that was kept.
std::vector<std::string> attribute_names(hid_t object);

} // namespace morphogen::store::hdf5
