#include "morphogen/config/load.hpp"

#include "config/checks.hpp"
#include "config/overrides.hpp"
#include "config/reader.hpp"
#include "config/schema.hpp"
#include "config/syntax.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace morphogen::config {
namespace {

constexpr std::size_t largest_file = std::size_t{1}
                                     << 24; // bytes: more is some other file given by mistake

std::string read_text(const std::filesystem::path& file) {
    const auto fail = [&](std::string_view why, std::string_view advice) -> std::string {
        throw core::UsageError(
            core::ErrorText{"cannot read the configuration", file.string(), why, advice});
    };
    if (std::error_code ignored; std::filesystem::is_directory(file, ignored))
        return fail("it is a directory", "give the TOML file itself");
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return fail(core::errno_text(errno), "give the path of a TOML file");
    // Not by size: the file may be a pipe.
    std::string text;
    for (std::istreambuf_iterator<char> c(stream), end; c != end && text.size() <= largest_file;
         ++c)
        text += *c;
    if (stream.bad()) return fail(core::errno_text(errno), "check the disk");
    if (text.size() > largest_file)
        return fail("it is larger than 16 MiB", "give the path of a TOML file");
    return text;
}

/// A section must be a table; nothing if it is not there or is something else, which is reported.
const Table* section(const Table& document, const std::string& name, Reader& reader) {
    const Value* value = find(document, name);
    if (!value) return nullptr;
    const auto* table = std::get_if<Table>(&value->data);
    if (!table)
        reader.error(
            value->at,
            fmt::format("'{}' must be one table; write [{}] and its keys below it", name, name));
    return table;
}

void read_document(const Table& document, Reader& reader) {
    std::string names;
    for_each_table([&](std::string_view view, std::string_view, auto member, const auto& keys) {
        const std::string name(view);
        names += (names.empty() ? "" : ", ") + name;
        if (const Table* table = section(document, name, reader))
            reader.table(name, *table, {}, keys, reader.config().*member);
    });
    for (const Member& member : document) {
        bool known = false;
        for_each_table(
            [&](std::string_view name, auto&&...) { known = known || name == member.name; });
        if (!known) reader.unknown(member.at, show_key(member.name), member.value, names);
    }
}

/// The same for the path of each [[initial.file]].
void keep_places_of_files(const Value& list, const Diagnostics& errors, Config& config) {
    const auto* items = std::get_if<Array>(&list.data);
    if (!items) return;
    for (std::size_t i = 0; i < std::min(items->size(), config.initial.files.size()); ++i)
        if (const auto* table = std::get_if<Table>(&(*items)[i].data))
            for (const Member& key : *table)
                if (key.name == "path") config.initial.files[i].place = errors.place(key.at) + ": ";
}

/// For errors that only show once the ranks or the machine are known.
void keep_places(const Table& document, const Diagnostics& errors, Config& config) {
    config.places[""] = errors.place({});
    for (const Member& member : document)
        if (const auto* table = std::get_if<Table>(&member.value.data))
            for (const Member& key : *table)
                config.places[member.name + "." + key.name] = errors.place(key.at);
    const Value* initial = find(document, "initial");
    const auto* table = initial ? std::get_if<Table>(&initial->data) : nullptr;
    const Value* files = table ? find(*table, "file") : nullptr;
    if (files) keep_places_of_files(*files, errors, config);
}

} // namespace

Config parse(std::string_view toml, std::string_view name, std::span<const std::string> overrides) {
    Diagnostics errors(name, overrides);
    auto parsed = parse_document(toml, 0);
    Table document;
    if (const auto* error = std::get_if<SyntaxError>(&parsed))
        errors.add(error->at, explain(*error, toml));
    else
        document = std::get<Table>(std::move(parsed));
    const std::vector<LateError> late = apply_overrides(document, overrides, errors);
    Config config;
    if (!errors.has(0)) { // else the overrides lack what the file says, and would be judged wrongly
        Reader reader(config, errors);
        read_document(document, reader);
        resolve_and_check(reader);
    }
    for (const LateError& error : late)
        if (!errors.has(error.at.source)) errors.add(error.at, error.message);
    errors.throw_if_any();
    keep_places(document, errors, config);
    return config;
}

Config load(const std::filesystem::path& file, std::span<const std::string> overrides) {
    return parse(read_text(file), file.string(), overrides);
}

} // namespace morphogen::config
