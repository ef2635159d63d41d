#pragma once

#include "config/key.hpp"

#include <string>
#include <string_view>

namespace morphogen::config {

enum class Comments { without, with };

/// `name = value   # comment` and a newline, comments in one column.
std::string print_line(std::string_view name, std::string_view value, std::string_view comment,
                       Comments comments);

/// "[grid]  # comment", with an empty line before it.
std::string print_header(std::string_view header, std::string_view comment, Comments comments);

/// @p block with "# " before each line.
std::string commented_out(std::string_view block);

/// The keys of one table of @p owner; with comments, blocks that are not set are shown as
/// commented-out examples.
template <typename Owner>
std::string print_keys(const std::vector<Key<Owner>>& keys, const Owner& owner,
                       const Config& config, Comments comments) {
    std::string text;
    for (const Key<Owner>& key : keys) {
        const std::string value = key.rule.print(owner, config);
        if (!key.is_block && !value.empty())
            text += print_line(key.name, value, key.comment, comments);
        else if (key.is_block && value.empty() && comments == Comments::with)
            text += commented_out(key.rule.example);
        else if (key.is_block)
            text += value;
    }
    return text;
}

} // namespace morphogen::config
