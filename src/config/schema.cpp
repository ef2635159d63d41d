#include "config/schema.hpp"

namespace morphogen::config {

const std::vector<core::Candidate>& all_names() {
    static const std::vector<core::Candidate> names = [] {
        std::vector<core::Candidate> list;
        for_each_table([&](std::string_view table, std::string_view, auto, const auto& keys) {
            list.push_back({std::string(table), {}});
            for (const auto& key : keys) {
                const std::string name = std::string(table) + '.' + std::string(key.name);
                list.push_back({name, key.aliases});
                for (const std::string& nested : key.nested)
                    list.push_back({name + '.' + nested, {}});
            }
        });
        return list;
    }();
    return names;
}

} // namespace morphogen::config
