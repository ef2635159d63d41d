#pragma once

#include "config/print.hpp"
#include "config/rules.hpp"

/// Rules for the tables inside [initial]: arrays of tables and one optional table.
namespace morphogen::config {

/// Reads one item and checks it as a whole. @p label names it in messages: "'initial.box' number
/// 2".
template <typename Item, typename Check>
void read_item(const std::string& path, const std::string& label, const Value& value,
               const std::vector<Key<Item>>& keys, Check check, Item& item, Reader& reader) {
    const auto errors_before = reader.error_count();
    reader.table(path, std::get<Table>(value.data), value.at, keys, item);
    if (reader.error_count() > errors_before || !reader.dims()) return;
    if (const std::string text = check(item, reader.config().grid); !text.empty())
        reader.error(value.at, fmt::format("{} {}", label, text));
}

template <typename Item>
std::string print_item(const std::string& header, std::string_view comment,
                       const std::vector<Key<Item>>& keys, const Item& item, const Config& config,
                       Comments comments) {
    return print_header(header, comment, comments) + print_keys(keys, item, config, comments);
}

/// [[path]]: any number of items. @p example is shown, commented out, among the defaults.
template <typename Item, typename Check>
Key<Initial> items(std::string_view path, std::string_view comment,
                   std::vector<Item> Initial::*member, const std::vector<Key<Item>>& keys,
                   const Item& example, Check check) {
    const std::string name(path);
    const std::string header = "[[" + name + "]]";
    Rule<Initial> rule;
    rule.example = print_item(header, comment, keys, example, Config{}, Comments::with);
    rule.read = [=, &keys](const Value& value, Initial& initial, Reader& reader) {
        const auto* array = std::get_if<Array>(&value.data);
        const bool all_tables =
            array && std::all_of(array->begin(), array->end(), [](const Value& item) {
                return std::holds_alternative<Table>(item.data);
            });
        if (!all_tables)
            return problem(fmt::format(
                "must be a list of tables, got {}; write {} and its keys below it, once for each",
                show(value), header));
        for (std::size_t i = 0; i < array->size(); ++i) {
            Item& item = (initial.*member).emplace_back();
            read_item(name, fmt::format("'{}' number {}", name, i + 1), (*array)[i], keys, check,
                      item, reader);
        }
        return none();
    };
    rule.print = [=, &keys](const Initial& initial, const Config& config) {
        std::string text;
        for (const Item& item : initial.*member)
            text += print_item(header, comment, keys, item, config, Comments::without);
        return text;
    };
    return {path.substr(path.rfind('.') + 1), "", std::move(rule), {}, false, names_of(keys), true};
}

/// [path]: there or not.
template <typename Item, typename Check>
Key<Initial> item(std::string_view path, std::string_view comment,
                  std::optional<Item> Initial::*member, const std::vector<Key<Item>>& keys,
                  const Item& example, Check check) {
    const std::string name(path);
    const std::string header = "[" + name + "]";
    Rule<Initial> rule;
    rule.example = print_item(header, comment, keys, example, Config{}, Comments::with);
    rule.read = [=, &keys](const Value& value, Initial& initial, Reader& reader) {
        if (!std::holds_alternative<Table>(value.data))
            return problem(fmt::format("must be one table, got {}; write {} and its keys below it",
                                       show(value), header));
        read_item(name, fmt::format("'{}'", name), value, keys, check, (initial.*member).emplace(),
                  reader);
        return none();
    };
    rule.print = [=, &keys](const Initial& initial, const Config& config) {
        return initial.*member ? print_item(header, comment, keys, *(initial.*member), config,
                                            Comments::without)
                               : std::string();
    };
    return {path.substr(path.rfind('.') + 1), "", std::move(rule), {}, false, names_of(keys), true};
}

} // namespace morphogen::config
