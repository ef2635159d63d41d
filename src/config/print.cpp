#include "config/print.hpp"

#include "morphogen/config/load.hpp"

#include "config/schema.hpp"

#include <fmt/format.h>

namespace morphogen::config {
namespace {

constexpr std::size_t comment_width = 25; // what stands left of the comments
constexpr std::size_t line_width = 110;

/// The first words of @p text that fit @p width, at least one; they are taken off it.
std::string_view take_words(std::string_view& text, std::size_t width) {
    std::size_t end = text.size();
    if (text.size() > width) {
        end = text.rfind(' ', width);
        if (end == std::string_view::npos) end = std::min(text.find(' '), text.size());
    }
    const std::string_view words = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return words;
}

/// @p line and @p comment beside it, wrapped in its column.
std::string with_comment(std::string line, std::string_view comment, Comments comments) {
    std::string text;
    if (comments == Comments::without || comment.empty()) return line + '\n';
    while (!comment.empty()) {
        const auto words = take_words(comment, line_width - comment_width - 3);
        text += fmt::format("{:<{}} # {}\n", line, comment_width, words);
        line.clear();
    }
    return text;
}

std::string print(const Config& config, Comments comments) {
    std::string text;
    for_each_table(
        [&](std::string_view name, std::string_view comment, auto member, const auto& keys) {
            text += print_header(fmt::format("[{}]", name), comment, comments);
            text += print_keys(keys, config.*member, config, comments);
        });
    return text.substr(1); // no empty line at the top
}

} // namespace

std::string print_line(std::string_view name, std::string_view value, std::string_view comment,
                       Comments comments) {
    return with_comment(fmt::format("{} = {}", name, value), comment, comments);
}

std::string print_header(std::string_view header, std::string_view comment, Comments comments) {
    return '\n' + with_comment(std::string(header), comment, comments);
}

std::string commented_out(std::string_view block) {
    std::string text;
    while (!block.empty()) {
        const auto end = std::min(block.find('\n'), block.size());
        const auto line = block.substr(0, end);
        text.append(line.empty() ? "" : "# ").append(line).append("\n");
        block.remove_prefix(std::min(end + 1, block.size()));
    }
    return text;
}

std::string to_toml(const Config& config) {
    return print(config, Comments::without);
}

std::string default_toml() {
    return print(Config{}, Comments::with);
}

} // namespace morphogen::config
