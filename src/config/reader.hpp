#pragma once

#include "morphogen/config/config.hpp"

#include "config/diagnostics.hpp"
#include "config/key.hpp"
#include "config/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace morphogen::config {

/// Reads a document into a Config by the tables of keys, and keeps what the checks across keys need
/// to know.
class Reader {
public:
    Reader(Config& config, Diagnostics& errors) : config_(config), errors_(errors) {}

    /// What is known so far; keys are read in the order of the schema, the grid first.
    const Config& config() const noexcept { return config_; }
    Config& config() noexcept { return config_; }

    /// The grid's rank, once the grid is known and right.
    std::optional<int> dims() const {
        return ok({"grid.shape"}) ? std::optional(config_.grid.dims) : std::nullopt;
    }

    bool is_set(std::string_view key) const { return where_.contains(key); }

    /// None of these keys had an error of its own: what they say together is worth checking.
    bool ok(std::initializer_list<std::string_view> keys) const {
        return std::none_of(keys.begin(), keys.end(),
                            [&](auto key) { return failed_.contains(key); });
    }

    /// Where the first of @p keys that is written stands.
    Position where(std::initializer_list<std::string_view> keys) const;

    void error(Position at, std::string message) { errors_.add(at, std::move(message)); }
    std::size_t error_count() const noexcept { return errors_.size(); }

    /// Reads the keys of one table, written at @p at, into @p owner. @p path is the table's dotted
    /// name.
    template <typename Owner>
    void table(std::string_view path, const Table& members, Position at,
               const std::vector<Key<Owner>>& keys, Owner& owner);

    /// "unknown key ...", with the one meant.
    void unknown(Position at, const std::string& name, const Value& value,
                 std::string_view known_keys);

private:
    template <typename Owner>
    std::string_view example(const Rule<Owner>& rule) const {
        return dims() == 3 && !rule.example_3d.empty() ? rule.example_3d : rule.example;
    }
    void reject(Position at, const std::string& name, const Problem& problem, const Value& value,
                std::string_view expected, std::string_view example);

    Config& config_;
    Diagnostics& errors_;
    std::map<std::string, Position, std::less<>> where_;
    std::set<std::string, std::less<>> failed_;
};

template <typename Owner>
void Reader::table(std::string_view path, const Table& members, Position at,
                   const std::vector<Key<Owner>>& keys, Owner& owner) {
    std::string known;
    for (const Key<Owner>& key : keys) {
        known += (known.empty() ? "" : ", ") + std::string(key.name);
        const std::string name = fmt::format("{}.{}", path, key.name);
        const Value* value = find(members, key.name);
        if (!value) {
            if (!key.required) continue;
            failed_.insert(name);
            error(at, fmt::format("'{}' is missing; add for example {} = {}", name, key.name,
                                  example(key.rule)));
            continue;
        }
        where_.insert_or_assign(name, value->at);
        if (const Problem problem = key.rule.read(*value, owner, *this); problem.found)
            reject(value->at, name, problem, *value, key.rule.expected, example(key.rule));
    }
    for (const Member& member : members) {
        const bool is_known = std::any_of(keys.begin(), keys.end(), [&](const Key<Owner>& key) {
            return key.name == member.name;
        });
        if (!is_known)
            unknown(member.at, fmt::format("{}.{}", path, show_key(member.name)), member.value,
                    known);
    }
}

} // namespace morphogen::config
